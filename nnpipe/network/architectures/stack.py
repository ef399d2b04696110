"""Named layers, in order, each with its own options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nnpipe.config.kind import Choice, Kind
from nnpipe.config.options import choices
from nnpipe.network.architectures.base import ArchitectureOptions
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import LayerKind
from nnpipe.network.purpose import Purpose
from nnpipe.network.stack import check_stack, resolved


@dataclass(frozen=True)
class StackOptions(ArchitectureOptions):
    """The options of stack."""

    layers: dict[str, Choice[LayerKind]] = choices(
        LAYERS, {}, "layers by name, in order", guess=lambda given: "dense"
    )

    def resolved(self, purpose: Purpose) -> StackOptions:
        """Return the options with a value for each `auto`."""
        return replace(self, layers=resolved(self.layers, purpose))


def _check(options: StackOptions, key: str) -> Iterator[str]:
    yield from check_stack(options.layers, f"{key}.layers")


stack = Kind(StackOptions, lambda options: options.layers, _check)

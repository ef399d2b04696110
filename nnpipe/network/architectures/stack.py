"""Named layers, in order, each with its own options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nnpipe.config.kind import Choice, Kind
from nnpipe.config.options import choices
from nnpipe.network.architectures.base import ArchitectureOptions, dense_layers
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.dense import DenseOptions

LAYER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class StackOptions(ArchitectureOptions):
    """The options of stack."""

    layers: dict[str, Choice[Any]] = choices(
        LAYERS, {}, "layers by name, in order", guess=lambda given: "dense"
    )


def _check(options: StackOptions, key: str) -> Iterator[str]:
    if not dense_layers(options.layers):
        yield f"{key}.layers: found no layer; expected at least one"
    for name in options.layers:
        if not LAYER_NAME.fullmatch(name) or name == "all":
            yield (
                f"{key}.layers: {name!r} cannot name a layer; expected a letter, "
                "then letters, digits and '_', at most 64 in all, and not 'all'"
            )
    layers = list(options.layers.items())
    for number, (name, layer) in enumerate(layers):
        after = layers[number + 1][1].kind if number + 1 < len(layers) else None
        if not isinstance(layer.options, DenseOptions) and after in (None, layer.kind):
            place = f"before {after}" if after else "at the end"
            yield (
                f"{key}.layers.{name}: found {layer.kind} {place}; expected it before a layer "
                "with neurons. Remove it or move it."
            )


stack = Kind(StackOptions, lambda options: options.layers, _check)

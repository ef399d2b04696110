"""A residual block: x + F(x), where F is an inner stack of layers with as many outputs as inputs.

Going back, dL/dx = δ + dF/dx δ, so that gradients reach the first layers of a deep network.

References
----------
He, Zhang, Ren, Sun: Deep residual learning for image recognition (CVPR 2016), equation 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnpipe.config.kind import Choice, Kind
from nnpipe.config.load import store
from nnpipe.config.options import choices
from nnpipe.errors import DataError
from nnpipe.network.activations.base import Array
from nnpipe.network.chain import Chain
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import Arrays, Forward, LayerKind, Step, Workspace
from nnpipe.network.purpose import Purpose
from nnpipe.network.stack import check_stack, lasting, resolved

# An attribute of parameters.h5 holds the options as JSON, and HDF5 limits it to 64 KiB.
_MOST_TEXT = 60_000

# Readers refuse files of more than 32 levels, and each block has two.
_MOST_BLOCKS = 10


@dataclass(frozen=True)
class ResidualOptions:
    """The options of residual."""

    layers: dict[str, Choice[LayerKind]] = choices(
        LAYERS, {}, "inner layers by name, in order", guess=lambda given: "dense"
    )


class Residual(Chain):
    """The inner layers as a chain, with a sum at its end."""

    def __init__(self, options: ResidualOptions) -> None:
        super().__init__({name: chosen.make() for name, chosen in options.layers.items()})
        self.options = options

    def outputs(self, inputs: int) -> int:
        """Return the number of inputs.

        Raises
        ------
        DataError
            If the inner layers have another number of outputs.
        """
        outputs = super().outputs(inputs)
        if outputs != inputs:
            problem = (
                f"layers: found {outputs} outputs; expected {inputs}, as many as inputs, "
                "because they are added to these"
            )
            raise DataError(problem)
        return inputs

    def widths(self, inputs: int) -> Sequence[int]:
        """Return the widths of the inner layers, and of the sum."""
        return (*super().widths(inputs), inputs)

    def formula(self, arrays: Arrays, x: Any) -> Any:
        """Return x + F(x)."""
        return x + super().formula(arrays, x)

    def inference(self, arrays: Arrays, inputs: int) -> Forward:
        """Return the block ready for inference."""
        return _Forward(super().inference(arrays, inputs))

    def training(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> Step:
        """Return the block in training; see `Step`."""
        return _Step(super().training(arrays, gradients, inputs, space), inputs, space)

    @property
    def activation(self) -> None:
        """None: a sum ends the block."""
        return None

    def linear(self) -> Residual:
        """Return the block itself."""
        return self

    def resolved(self, purpose: Purpose, *, last: bool) -> ResidualOptions:
        """Return the options with a value for each `auto` of the inner layers."""
        return replace(self.options, layers=resolved(self.options.layers, purpose, inner=True))

    def lasting(self) -> ResidualOptions:
        """Return the inner layers that training leaves."""
        return replace(self.options, layers=lasting(self.options.layers))


@dataclass(frozen=True)
class _Forward(Forward):
    inner: Forward

    def __call__(self, x: Array, out: Array) -> None:
        """Write x + F(x)."""
        self.inner(x, out)
        out += x

    def in_thread(self) -> Forward:
        """Return the block with inner buffers of its own."""
        return _Forward(self.inner.in_thread())


class _Step(Step):
    def __init__(self, inner: Step, inputs: int, space: Workspace) -> None:
        self._inner = inner
        self.room, self.statistics = inner.room, inner.statistics
        self._x: Array = inner.room[:, :inputs]
        # The derivative of the last inner activation may need F(x), so x is not added in place.
        self._out, self._delta = space.empty(inputs), space.empty(inputs)

    def forward(self, out: Array, generator: np.random.Generator | None) -> None:
        """Write x + F(x)."""
        inner = self._out[: len(out)]
        self._inner.forward(inner, generator)
        np.add(inner, self._x[: len(out)], out=out)

    def backward(self, delta: Array, before: Array | None) -> None:
        """Add the gradient of the sum to that of the inner layers."""
        own = self._delta[: len(delta)]
        np.copyto(own, delta)
        self._inner.backward(own, before)
        if before is not None:
            before += delta

    def fold(self, arrays: Arrays) -> None:
        """Absorb the maps that inner layers leave."""
        self._inner.fold(arrays)


def _depth(options: ResidualOptions) -> int:
    """Return how many blocks are inside each other, including this one."""
    inner = (chosen.options for chosen in options.layers.values())
    blocks = (_depth(block) for block in inner if isinstance(block, ResidualOptions))
    return 1 + max(blocks, default=0)


def _check(options: ResidualOptions, key: str) -> Iterator[str]:
    yield from check_stack(options.layers, f"{key}.layers", inner=True)
    if (depth := _depth(options)) > _MOST_BLOCKS:
        yield (
            f"{key}: found {depth} residual blocks inside each other; "
            f"expected at most {_MOST_BLOCKS}"
        )
    decided = (resolved(options.layers, each, inner=True) for each in (Purpose(), Purpose(True)))
    size = max(len(json.dumps(store(ResidualOptions(layers)))) for layers in decided)
    if size > _MOST_TEXT:
        yield (
            f"{key}.layers: found {size:,} characters of options; expected at most {_MOST_TEXT:,}. "
            "Use several residual layers."
        )


residual = Kind(ResidualOptions, Residual, _check)

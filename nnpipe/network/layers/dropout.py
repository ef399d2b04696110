"""Dropout: in a training step, each feature of each sample is set to 0 with probability p.

The other features are multiplied by 1 / (1 - p), so that the expected sums stay the same and the
trained network needs no correction.

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout: a simple way to prevent neural
networks from overfitting (Journal of Machine Learning Research, 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.network.layers.base import Arrays, LayerKind, Step, Workspace


@dataclass(frozen=True)
class DropoutOptions:
    """The option of dropout."""

    rate: float = option(0.5, "share of the features to drop", at_least=0, below=1)


@dataclass(frozen=True)
class Dropout(LayerKind):
    """A layer of which training leaves nothing."""

    options: DropoutOptions
    leaves = "nothing"

    def formula(self, arrays: Arrays, x: Any) -> Any:
        """Return the expected outputs, x."""
        return x

    def training(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> Step:
        """Return the layer in training; see `Step`."""
        return _Step(self.options.rate, inputs, space)

    def describe(self, inputs: int) -> str:
        """Return the rate."""
        return f"rate {self.options.rate:g}"


class _Step(Step):
    def __init__(self, rate: float, features: int, space: Workspace) -> None:
        self.room = space.empty(features)
        self._rate = rate
        # The factor of each feature: 0, or 1 / (1 - rate).
        self._mask: NDArray[Any] = space.empty(features)
        self._dropped = False

    def forward(self, out: Array, generator: np.random.Generator | None) -> None:
        """Draw a mask and apply it; in validation, copy the inputs."""
        self._dropped = generator is not None
        x, mask = self.room[: len(out)], self._mask[: len(out)]
        if generator is None:
            np.copyto(out, x)
            return
        generator.random(out=mask, dtype=mask.dtype.type)
        np.greater_equal(mask, self._rate, out=mask)
        mask *= 1 / (1 - self._rate)
        np.multiply(x, mask, out=out)

    def backward(self, delta: Array, before: Array | None) -> None:
        """Apply the forward mask to the gradient."""
        if before is None:
            return
        if self._dropped:
            np.multiply(delta, self._mask[: len(delta)], out=before)
        else:
            np.copyto(before, delta)


dropout = Kind(DropoutOptions, Dropout)

"""Batch normalization: in a step each feature has mean 0 and variance 1 over the batch.

Forward: x̂ = (x - μ) / √(σ² + ε), with μ and σ² of the batch. Backward, with means over the batch:
dL/dx = (δ - mean(δ) - x̂ mean(δ x̂)) / √(σ² + ε). There is no scale or shift, because the weights
and biases of the next layer can take their place. In validation and in the trained network, μ and
σ² are running means over the steps. Then it is an affine map, which the next layer absorbs.

References
----------
Ioffe, Szegedy: Batch normalization: accelerating deep network training by reducing internal
covariate shift (ICML 2015), algorithms 1 and 2. The momentum of the running means and ε are the
defaults of torch.nn.BatchNorm1d. As there, the running variance divides by n - 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.network.activations.base import Array
from nnpipe.network.layers.base import Affine, Arrays, LayerKind, Step, Workspace

_MOMENTUM = 0.1
_EPSILON = 1e-5


@dataclass(frozen=True)
class BatchNorm(LayerKind):
    """A layer of which training leaves an affine map.

    Its statistics are the running means, followed by the running variances.
    """

    options: NoOptions
    leaves = "map"

    def statistics(self, inputs: int) -> Mapping[str, int]:
        """Return the size of the running means and variances."""
        return {"": 2 * inputs}

    def formula(self, arrays: Arrays, x: Any) -> Any:
        """Return x normalized by the mean and variance of the batch."""
        centred = x - x.mean(axis=0)
        return centred / ((centred**2).mean(axis=0) + _EPSILON) ** 0.5

    def training(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> Step:
        """Return the layer in training; see `Step`."""
        return _Step(inputs, space)

    def mixes_samples(self) -> bool:
        """Return that it does."""
        return True


class _Step(Step):
    """A batch of one sample has no variance, so the running statistics normalize it."""

    def __init__(self, features: int, space: Workspace) -> None:
        self.room = space.empty(features)
        both = np.concatenate([np.zeros(features), np.ones(features)]).astype(space.dtype)
        self.statistics = {"": both}
        self._running: Array = both.reshape(2, features)
        self._normalized = space.empty(features)
        self._mean, self._variance, self._inverse = np.empty((3, features), space.dtype)
        self._of_batch = False

    def forward(self, out: Array, generator: np.random.Generator | None) -> None:
        """Normalize by the batch and update the running statistics; in validation, use these."""
        rows = len(out)
        x, normalized = self.room[:rows], self._normalized[:rows]
        self._of_batch = generator is not None and rows > 1
        if not self._of_batch:
            mean, variance = self._running
            self._invert(variance)
            np.subtract(x, mean, out=out)
            out *= self._inverse
            return
        np.mean(x, axis=0, out=self._mean)
        np.subtract(x, self._mean, out=normalized)
        # The mean is subtracted twice to remove its rounding error in features far from 0.
        np.mean(normalized, axis=0, out=self._variance)
        normalized -= self._variance
        self._mean += self._variance
        np.einsum("ij,ij->j", normalized, normalized, out=self._variance)
        self._variance /= rows
        self._invert(self._variance)
        normalized *= self._inverse
        np.copyto(out, normalized)
        self._variance *= rows / (rows - 1)
        for running, now in zip(self._running, (self._mean, self._variance), strict=True):
            now -= running
            now *= _MOMENTUM
            running += now

    def backward(self, delta: Array, before: Array | None) -> None:
        """Propagate the gradient, including that of the batch's mean and variance."""
        if before is None:
            return
        if self._of_batch:
            normalized = self._normalized[: len(delta)]
            np.mean(delta, axis=0, out=self._mean)
            delta -= self._mean
            np.einsum("ij,ij->j", delta, normalized, out=self._mean)
            self._mean /= len(delta)
            normalized *= self._mean
            delta -= normalized
        np.multiply(delta, self._inverse, out=before)

    def left(self) -> Sequence[Affine]:
        """Return the subtraction of the running means, then the division by the deviations."""
        mean, variance = self._running
        self._invert(variance)
        return Affine(shift=-mean), Affine(scale=self._inverse.copy())

    def _invert(self, variance: Array) -> None:
        np.add(variance, _EPSILON, out=self._inverse)
        np.sqrt(self._inverse, out=self._inverse)
        np.reciprocal(self._inverse, out=self._inverse)


batch_norm = Kind(NoOptions, BatchNorm)

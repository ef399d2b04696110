"""Batch normalization: in a step each feature has mean 0 and variance 1 over the batch.

Forward: â = (a - μ) / √(σ² + ε), with μ and σ² of the batch. Backward, with means over the batch:
dL/da = (δ - mean(δ) - â mean(δ â)) / √(σ² + ε). There is no scale or shift, because the weights
and biases of the next layer can take their place. In validation and in the trained network, μ and
σ² are running means over the steps. Then the function is linear and is folded into the next layer:
W' = W / √(σ² + ε) and b' = b - W' μ.

References
----------
Ioffe, Szegedy: Batch normalization: accelerating deep network training by reducing internal
covariate shift (ICML 2015), algorithms 1 and 2. The momentum of the running means and ε are the
defaults of torch.nn.BatchNorm1d. As there, the running variance divides by n - 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.network.activations.base import Array

_MOMENTUM = 0.1
_EPSILON = 1e-5


class BatchNorm:
    """A `Transform` whose `statistics` are the running means, followed by the running variances.

    A batch of one sample has no variance, so the running statistics normalize it.

    Parameters
    ----------
    rows, features : int
        The shape of the largest batch.
    dtype : floating dtype
    """

    def __init__(self, rows: int, features: int, dtype: np.dtype[np.floating[Any]]) -> None:
        self.statistics = np.concatenate([np.zeros(features, dtype), np.ones(features, dtype)])
        self._running: Array = self.statistics.reshape(2, features)
        self._normalized: Array = np.empty((rows, features), dtype)
        self._mean, self._variance, self._inverse = np.empty((3, features), dtype)
        self._of_batch = False

    def forward(self, a: Array, generator: np.random.Generator | None) -> None:
        """Normalize by the batch and update the running statistics; in validation, use these."""
        self._of_batch = generator is not None and len(a) > 1
        if self._of_batch:
            np.mean(a, axis=0, out=self._mean)
            a -= self._mean
            # The mean is subtracted twice to remove its rounding error in features far from 0.
            np.mean(a, axis=0, out=self._variance)
            a -= self._variance
            self._mean += self._variance
            np.einsum("ij,ij->j", a, a, out=self._variance)
            self._variance /= len(a)
            self._invert(self._variance)
            a *= self._inverse
            np.copyto(self._normalized[: len(a)], a)
            self._variance *= len(a) / (len(a) - 1)
            for running, now in zip(self._running, (self._mean, self._variance), strict=True):
                now -= running
                now *= _MOMENTUM
                running += now
        else:
            mean, variance = self._running
            self._invert(variance)
            a -= mean
            a *= self._inverse

    def backward(self, delta: Array) -> None:
        """Propagate the gradient, including that of the batch's mean and variance."""
        if self._of_batch:
            normalized = self._normalized[: len(delta)]
            np.mean(delta, axis=0, out=self._mean)
            delta -= self._mean
            np.einsum("ij,ij->j", delta, normalized, out=self._mean)
            self._mean /= len(delta)
            normalized *= self._mean
            delta -= normalized
        delta *= self._inverse

    def fold(self, parameters: Array) -> None:
        """Scale the weights by the running variances, and shift the biases by the running means."""
        mean, variance = self._running
        self._invert(variance)
        weights, bias = parameters[:, :-1], parameters[:, -1]
        weights *= self._inverse
        # Not BLAS: the last bits of its products may depend on the number of threads.
        bias -= np.einsum("ni,i->n", weights, mean)

    def _invert(self, variance: Array) -> None:
        np.add(variance, _EPSILON, out=self._inverse)
        np.sqrt(self._inverse, out=self._inverse)
        np.reciprocal(self._inverse, out=self._inverse)


batch_norm = Kind(NoOptions, lambda options: BatchNorm)

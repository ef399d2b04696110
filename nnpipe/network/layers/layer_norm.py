"""Layer normalization: each sample has mean 0 and variance 1 over its features.

x̂ = (x - μ) / √(σ² + ε), with μ and σ² of the sample, and the outputs are gain x̂ + shift. Going
back, with δ = gain dL/d(outputs) and means over the features:
dL/dx = (δ - mean(δ) - x̂ mean(δ x̂)) / √(σ² + ε).

References
----------
Ba, Kiros, Hinton: Layer normalization (2016), section 3. ε is the default of torch.nn.LayerNorm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.network.activations.base import Array
from nnpipe.network.layers.base import Affine, Arrays, Forward, LayerKind, Shape, Step, Workspace

_EPSILON = 1e-5

# Numbers that are normalized together, so that they stay in a core's cache.
_BLOCK = 1 << 15


@dataclass(frozen=True)
class LayerNorm(LayerKind):
    """The layer with two arrays, `gain` and `shift`, (inputs,), which begin as 1 and 0."""

    options: NoOptions

    def arrays(self, inputs: int) -> Mapping[str, Shape]:
        """Return the shapes of gain and shift."""
        return {"gain": (inputs,), "shift": (inputs,)}

    def initialize(
        self, inputs: int, generator: np.random.Generator, dtype: np.dtype[np.floating[Any]]
    ) -> Arrays:
        """Return ones and zeros."""
        return {"gain": np.ones(inputs, dtype), "shift": np.zeros(inputs, dtype)}

    def formula(self, arrays: Arrays, x: Any) -> Any:
        """Return gain (x - μ) / √(σ² + ε) + shift."""
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1, keepdims=True)
        return centred / (variance + _EPSILON) ** 0.5 * arrays["gain"] + arrays["shift"]

    def inference(self, arrays: Arrays, inputs: int) -> Forward:
        """Return the layer ready for inference."""
        return _Forward(arrays.get("gain"), arrays.get("shift"))

    def split(self, arrays: Arrays) -> tuple[LayerKind, Arrays, Affine]:
        """Return the normalization alone, and gain and shift."""
        return self, {}, Affine(arrays["gain"], arrays["shift"])

    def training(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> Step:
        """Return the layer in training; see `Step`."""
        return _Step(arrays, gradients, inputs, space)

    def biases(self, arrays: Arrays) -> Sequence[Array]:
        """Return the shift."""
        return (arrays["shift"],)


def normalize(x: Array, out: Array) -> Array:
    """Write x̂ into `out`, and return 1 / √(σ² + ε), (samples, 1)."""
    # NumPy's sums over short rows take three times as long.
    mean = np.einsum("ij->i", x)[:, np.newaxis]
    mean /= x.shape[1]
    np.subtract(x, mean, out=out)
    inverse = np.einsum("ij,ij->i", out, out)[:, np.newaxis]
    inverse /= x.shape[1]
    inverse += _EPSILON
    np.sqrt(inverse, out=inverse)
    np.reciprocal(inverse, out=inverse)
    out *= inverse
    return inverse


@dataclass(frozen=True)
class _Forward(Forward):
    gain: Array | None
    shift: Array | None

    def __call__(self, x: Array, out: Array) -> None:
        """Normalize some samples at a time."""
        block = max(1, _BLOCK // x.shape[1])
        for start in range(0, len(x), block):
            part = out[start : start + block]
            normalize(x[start : start + block], part)
            if self.gain is not None and self.shift is not None:
                part *= self.gain
                part += self.shift


class _Step(Step):
    def __init__(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> None:
        self.room = space.empty(inputs)
        self._gain, self._shift = arrays["gain"], arrays["shift"]
        self._gain_gradient, self._shift_gradient = gradients["gain"], gradients["shift"]
        self._normalized = space.empty(inputs)
        self._inverse = space.empty(1)
        self._scratch = space.scratch(inputs)

    def forward(self, out: Array, generator: np.random.Generator | None) -> None:
        """Write gain x̂ + shift."""
        rows = len(out)
        normalized = self._normalized[:rows]
        self._inverse[:rows] = normalize(self.room[:rows], normalized)
        np.multiply(normalized, self._gain, out=out)
        out += self._shift

    def backward(self, delta: Array, before: Array | None) -> None:
        """Propagate the gradient, including that of the sample's mean and variance."""
        rows, features = delta.shape
        normalized, product = self._normalized[:rows], self._scratch[:rows]
        np.einsum("ij,ij->j", delta, normalized, out=self._gain_gradient)
        np.add.reduce(delta, axis=0, out=self._shift_gradient)
        if before is None:
            return
        delta *= self._gain
        mean = np.einsum("ij,ij->i", delta, normalized)[:, np.newaxis]
        mean /= features
        np.multiply(normalized, mean, out=product)
        mean = np.einsum("ij->i", delta)[:, np.newaxis]
        mean /= features
        delta -= mean
        delta -= product
        np.multiply(delta, self._inverse[:rows], out=before)


layer_norm = Kind(NoOptions, LayerNorm)

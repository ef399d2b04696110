"""Mish: f(z) = z tanh(ln(1 + e^z)).

With t = tanh(softplus(z)) and s = sigmoid(z), f' = t + z s (1 - t²).

References
----------
Misra: Mish: a self regularized non-monotonic activation function (BMVC 2020), equations 1 and 2.
"""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.sigmoid import function as sigmoid

# Beyond this f is exactly 0 or z in every dtype, so clipping z avoids 0 times infinity.
LIMIT = 1000


def _tanh_of_softplus(z: Array) -> Array:
    # With u = e^-|z|, tanh(ln(1 + e^z)) = (1 + 2 u) / (1 + 2 u + 2 u²) for z > 0, else
    # u (u + 2) / (u (u + 2) + 2). It cannot overflow, and small values keep relative accuracy.
    u = np.exp(-np.abs(z))
    low = u * (u + 2)
    high = 1 + 2 * u
    return np.where(z > 0, high / (high + 2 * u * u), low / (low + 2))


@blockwise
def _forward(z: Array, out: Array) -> None:
    t = _tanh_of_softplus(z)
    np.maximum(z, -LIMIT, out=out)
    out *= t


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    t = _tanh_of_softplus(z)
    slope = np.clip(z, -LIMIT, LIMIT)
    slope *= sigmoid(z)
    slope *= 1 - t * t
    slope += t
    delta *= slope


mish = plain(Activation(_forward, _backward, needs_z=True))

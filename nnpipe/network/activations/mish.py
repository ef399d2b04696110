"""Mish: f(z) = z tanh(ln(1 + e^z)).

With t = tanh(softplus(z)) and s = sigmoid(z), f' = t + z s (1 - t²).

References
----------
Misra: Mish: a self regularized non-monotonic activation function (BMVC 2020), equations 1 and 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.namespace import namespace
from nnpipe.network.activations.sigmoid import fast_sigmoid

# Beyond this f is exactly 0 or z in every dtype, so clipping z avoids 0 times infinity.
LIMIT = 1000


def _tanh_of_softplus(xp: Any, z: Any) -> Any:
    # With u = e^-|z|, tanh(ln(1 + e^z)) = (1 + 2 u) / (1 + 2 u + 2 u²) for z > 0, else
    # u (u + 2) / (u (u + 2) + 2). It cannot overflow, and small values keep relative accuracy.
    u = xp.exp(-xp.abs(z))
    low = u * (u + 2)
    high = 1 + 2 * u
    return xp.where(z > 0, high / (high + 2 * u * u), low / (low + 2))


def _formula(z: Any) -> Any:
    xp = namespace(z)
    return xp.clip(z, -LIMIT, None) * _tanh_of_softplus(xp, z)


@blockwise
def _forward(z: Array, out: Array) -> None:
    t = _tanh_of_softplus(np, z)
    np.maximum(z, -LIMIT, out=out)
    out *= t


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    t = _tanh_of_softplus(np, z)
    slope = np.clip(z, -LIMIT, LIMIT)
    slope *= fast_sigmoid(z)
    slope *= 1 - t * t
    slope += t
    delta *= slope


mish = plain(Activation(_formula, _forward, _backward, needs_z=True))

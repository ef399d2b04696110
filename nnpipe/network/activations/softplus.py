"""Softplus: f(z) = ln(1 + e^z), with f' = sigmoid(z) = 1 - e^(-a).

References
----------
Dugas, Bengio, Bélisle, Nadeau, Garcia: Incorporating second-order functional knowledge for
better option pricing (NIPS 2000).
"""

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.namespace import namespace


def _formula(z: Any) -> Any:
    # max(z, 0) + ln(1 + e^-|z|), which cannot overflow. Differentiated at 0, abs would give 0.
    xp = namespace(z)
    return xp.where(z > 0, z, 0) + xp.log1p(xp.exp(xp.where(z > 0, -z, z)))


@blockwise
def _forward(z: Array, out: Array) -> None:
    # np.logaddexp is slower and warns of NaN.
    tail = np.abs(z)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    np.maximum(z, 0, out=out)
    out += tail


def _backward(z: Array, a: Array, delta: Array) -> None:
    np.negative(a, out=z)
    np.expm1(z, out=z)
    np.negative(z, out=z)
    delta *= z


softplus = plain(Activation(_formula, _forward, _backward))

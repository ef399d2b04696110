"""The hard sigmoid: f(z) = max(0, min(1, z / 6 + 1/2)), with f' = 1/6 where 0 < a < 1.

References
----------
Courbariaux, Bengio, David: BinaryConnect (NIPS 2015). PyTorch and Keras 3 use the slope 1/6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.namespace import namespace


def _formula(z: Any) -> Any:
    return namespace(z).clip(z / 6 + 0.5, 0, 1)


def _forward(z: Array, out: Array) -> None:
    np.divide(z, 6, out=out)
    out += 0.5
    np.clip(out, 0, 1, out=out)


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    inside = (a > 0) & (a < 1)
    np.divide(inside, 6, out=z)
    delta *= z


hard_sigmoid = plain(Activation(_formula, _forward, _backward))

"""The scaled exponential linear unit: f(z) = λ z where z > 0, else λ α (e^z - 1).

With f' = λ where z > 0, else a + λ α. The constants keep mean 0 and variance 1 from layer to layer.

References
----------
Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks (NIPS 2017), equation 2
and the constants of section 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.namespace import namespace

ALPHA = 1.6732632423543772
SCALE = 1.0507009873554805


def _formula(z: Any) -> Any:
    xp = namespace(z)
    low = xp.where(z > 0, 0, z)
    return SCALE * xp.where(z > 0, z, 0) + SCALE * ALPHA * xp.expm1(low)


@blockwise
def _forward(z: Array, out: Array) -> None:
    positive = np.maximum(z, 0)
    positive *= SCALE
    np.minimum(z, 0, out=out)
    np.expm1(out, out=out)
    out *= SCALE * ALPHA
    out += positive


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    positive = a > 0
    np.add(a, SCALE * ALPHA, out=z)
    np.copyto(z, SCALE, where=positive)
    delta *= z


selu = plain(Activation(_formula, _forward, _backward))

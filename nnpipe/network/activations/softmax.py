"""The softmax of each sample: f(z)_j = e^(z_j) / Σ_k e^(z_k), with dL/dz = a (δ - Σ_k δ_k a_k).

References
----------
Bridle: Probabilistic interpretation of feedforward classification network outputs (1990).
"""

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.namespace import namespace


def _formula(z: Any) -> Any:
    # If the difference of two sums overflows the dtype, their ratio is 0. An infinite sum has no
    # softmax, so its row becomes NaN.
    xp = namespace(z)
    powers = xp.exp(z - xp.amax(z, axis=-1, keepdims=True))
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def _forward(z: Array, out: Array) -> None:
    np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)


def _backward(z: Array, a: Array, delta: Array) -> None:
    delta -= np.einsum("...k,...k->...", delta, a)[..., np.newaxis]
    delta *= a


softmax = plain(Activation(_formula, _forward, _backward))

"""The softmax of each sample: f(z)_j = e^(z_j) / Σ_k e^(z_k), with dL/dz = a (δ - Σ_k δ_k a_k).

References
----------
Bridle: Probabilistic interpretation of feedforward classification network outputs (1990).
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain


def _forward(z: Array, out: Array) -> None:
    # If the difference of two sums overflows the dtype, their ratio is 0. An infinite sum has no
    # softmax, so its row becomes NaN.
    np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)


def _backward(z: Array, a: Array, delta: Array) -> None:
    delta -= np.einsum("...k,...k->...", delta, a)[..., np.newaxis]
    delta *= a


softmax = plain(Activation(_forward, _backward))

"""The logistic sigmoid: f(z) = 1 / (1 + e^(-z)), with f' = a (1 - a).

References
----------
Rumelhart, Hinton, Williams: Learning representations by back-propagating errors (Nature, 1986).
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain


def _forward(z: Array, out: Array) -> None:
    np.negative(z, out=out)
    # An overflow to infinity correctly gives f = 0. This form keeps the relative accuracy of small
    # values, which 0.5 * tanh(z / 2) + 0.5 loses.
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)


def _backward(z: Array, a: Array, delta: Array) -> None:
    delta *= a
    np.subtract(1, a, out=z)
    delta *= z


function = Activation(_forward, _backward)
sigmoid = plain(function)

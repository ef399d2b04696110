"""The logistic sigmoid: f(z) = 1 / (1 + e^(-z)), with f' = a (1 - a).

References
----------
Rumelhart, Hinton, Williams: Learning representations by back-propagating errors (Nature, 1986).
"""

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.namespace import namespace


def _formula(z: Any) -> Any:
    # Where e^-z overflows, f is correctly 0, but automatic differentiation gives NaN. This form
    # keeps the relative accuracy of small values, which 0.5 * tanh(z / 2) + 0.5 loses.
    return 1 / (1 + namespace(z).exp(-z))


def _forward(z: Array, out: Array) -> None:
    np.negative(z, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)


def _backward(z: Array, a: Array, delta: Array) -> None:
    delta *= a
    np.subtract(1, a, out=z)
    delta *= z


function = Activation(_formula, _forward, _backward)
sigmoid = plain(function)


def fast_sigmoid(z: Array) -> Array:
    """Return f(z) as a new array, by the fast form."""
    a = np.empty_like(z)
    with np.errstate(over="ignore", invalid="ignore"):
        _forward(z, a)
    return a

"""The hyperbolic tangent: f(z) = tanh(z), with f' = 1 - a².

References
----------
LeCun, Bottou, Orr, Müller: Efficient BackProp (1998), for the advantage of zero-centered outputs.
"""

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.namespace import namespace


def _formula(z: Any) -> Any:
    return namespace(z).tanh(z)


def _forward(z: Array, out: Array) -> None:
    np.tanh(z, out=out)


def _backward(z: Array, a: Array, delta: Array) -> None:
    np.multiply(a, a, out=z)
    np.subtract(1, z, out=z)
    delta *= z


function = Activation(_formula, _forward, _backward)
tanh = plain(function)

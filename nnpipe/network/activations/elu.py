"""The exponential linear unit: f(z) = z where z > 0, else e^z - 1, with f' = min(a, 0) + 1.

References
----------
Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear
units (ICLR 2016), with alpha = 1.
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array


def _forward(z: Array, out: Array) -> None:
    positive = np.maximum(z, 0)
    np.minimum(z, 0, out=out)
    np.expm1(out, out=out)
    out += positive


def _backward(z: Array, a: Array, delta: Array) -> None:
    delta *= np.minimum(a, 0) + 1


elu = Activation(_forward, _backward)

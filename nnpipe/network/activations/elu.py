"""The exponential linear unit: f(z) = z where z > 0, else e^z - 1, with f' = min(a, 0) + 1.

References
----------
Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear
units (ICLR 2016), with alpha = 1.
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array


def _forward(z: Array, out: Array) -> None:
    # As e^z - 1 is never below z, the greater of the two is the one that is meant.
    z = z.copy() if out is z else z
    np.minimum(z, 0, out=out)
    np.expm1(out, out=out)
    np.maximum(z, out, out=out)


def _backward(z: Array, a: Array, delta: Array) -> None:
    np.minimum(a, 0, out=z)
    z += 1
    delta *= z


elu = Activation(_forward, _backward)

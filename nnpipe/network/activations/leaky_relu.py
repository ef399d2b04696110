"""The leaky rectified linear unit: f(z) = max(z, 0.01 z), with f' = 1 where z > 0, else 0.01.

References
----------
Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models (ICML 2013).
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array

SLOPE = 0.01


def _forward(z: Array, out: Array) -> None:
    z = z.copy() if out is z else z
    np.multiply(z, SLOPE, out=out)
    np.maximum(z, out, out=out)


def _backward(z: Array, a: Array, delta: Array) -> None:
    np.greater(a, 0, out=z)
    np.maximum(z, SLOPE, out=z)
    delta *= z


leaky_relu = Activation(_forward, _backward)

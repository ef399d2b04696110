"""The leaky rectified linear unit: f(z) = max(z, 0.01 z), with f' = 1 where z > 0, else 0.01.

References
----------
Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models (ICML 2013).
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array

SLOPE = 0.01


def _forward(z: Array, out: Array) -> None:
    np.maximum(z, SLOPE * z, out=out)


def _backward(z: Array, a: Array, delta: Array) -> None:
    np.multiply(delta, SLOPE, out=delta, where=a <= 0)


leaky_relu = Activation(_forward, _backward)

"""The rectified linear unit: f(z) = max(z, 0), with f' = 1 where z > 0 and 0 elsewhere.

References
----------
Nair, Hinton: Rectified linear units improve restricted Boltzmann machines (ICML 2010).
"""

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.namespace import namespace


def _formula(z: Any) -> Any:
    return namespace(z).where(z <= 0, 0, z)


def _forward(z: Array, out: Array) -> None:
    # With an array of zeros NumPy takes a third of the time that it takes with a scalar zero.
    np.maximum(z, np.zeros_like(z, shape=z.shape[-1]), out=out)


def _backward(z: Array, a: Array, delta: Array) -> None:
    np.greater(a, 0, out=z)
    delta *= z


relu = plain(Activation(_formula, _forward, _backward))

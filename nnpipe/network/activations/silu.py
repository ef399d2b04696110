"""The sigmoid linear unit: f(z) = z s, with s = sigmoid(z) and f' = s (1 + z (1 - s)).

References
----------
Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function approximation in
reinforcement learning (Neural Networks, 2018).
"""

from typing import Any

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.namespace import namespace
from nnpipe.network.activations.sigmoid import fast_sigmoid
from nnpipe.network.activations.sigmoid import function as sigmoid

# Beyond this the sigmoid is exactly 0 or 1 in every dtype, so clipping z avoids 0 times infinity.
LIMIT = 1000


def _formula(z: Any) -> Any:
    return namespace(z).clip(z, -LIMIT, None) * sigmoid.formula(z)


@blockwise
def _forward(z: Array, out: Array) -> None:
    s = fast_sigmoid(z)
    np.maximum(z, -LIMIT, out=out)
    out *= s


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    s = fast_sigmoid(z)
    slope = np.clip(z, -LIMIT, LIMIT)
    slope *= 1 - s
    slope += 1
    slope *= s
    delta *= slope


silu = plain(Activation(_formula, _forward, _backward, needs_z=True))

"""The sigmoid linear unit: f(z) = z s, with s = sigmoid(z) and f' = s (1 + z (1 - s)).

References
----------
Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function approximation in
reinforcement learning (Neural Networks, 2018).
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array, plain
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.sigmoid import function as sigmoid

# Beyond this the sigmoid is exactly 0 or 1 in every dtype, so clipping z avoids 0 times infinity.
LIMIT = 1000


@blockwise
def _forward(z: Array, out: Array) -> None:
    s = sigmoid(z)
    np.maximum(z, -LIMIT, out=out)
    out *= s


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    s = sigmoid(z)
    slope = np.clip(z, -LIMIT, LIMIT)
    slope *= 1 - s
    slope += 1
    slope *= s
    delta *= slope


silu = plain(Activation(_forward, _backward, needs_z=True))

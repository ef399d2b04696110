"""The exact Gaussian error linear unit: f(z) = z Φ(z), with f' = Φ(z) + z φ(z).

References
----------
Hendrycks, Gimpel: Gaussian error linear units (2016), in its exact form, not the one with tanh.
"""

import numpy as np

from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.normal_cdf import normal_cdf, normal_density

# Beyond it Φ is exactly 0 or 1 in every dtype, and 0 times infinity is kept away.
LIMIT = 40


@blockwise
def _forward(z: Array, out: Array) -> None:
    cdf = normal_cdf(z)
    np.maximum(z, -LIMIT, out=out)
    out *= cdf


@blockwise
def _backward(z: Array, a: Array, delta: Array) -> None:
    slope = np.clip(z, -LIMIT, LIMIT)
    slope *= normal_density(slope)
    slope += normal_cdf(z)
    delta *= slope


gelu = Activation(_forward, _backward, needs_z=True)

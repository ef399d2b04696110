"""The leaky rectified linear unit: f(z) = max(z, s z), with f' = 1 where z > 0, else the slope s.

References
----------
Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models (ICML 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.activations.namespace import namespace


@dataclass(frozen=True)
class LeakyReluOptions:
    """The option of leaky_relu."""

    slope: float = option(0.01, "slope of f below 0", at_least=0, at_most=1)


def leaky_rectified(slope: float) -> Activation:
    """Return the activation for one slope."""

    def formula(z: Any) -> Any:
        below = slope * z if slope else 0  # 0 times infinity is NaN
        return namespace(z).where(z <= 0, below, z)

    def forward(z: Array, out: Array) -> None:
        z = z.copy() if out is z else z
        if slope == 0:
            out.fill(0)
        else:
            np.multiply(z, slope, out=out)
        np.maximum(z, out, out=out)

    def backward(z: Array, a: Array, delta: Array) -> None:
        np.greater(a, 0, out=z)
        np.maximum(z, slope, out=z)
        delta *= z

    return Activation(formula, forward, backward)


leaky_relu = Kind(LeakyReluOptions, lambda options: leaky_rectified(options.slope))

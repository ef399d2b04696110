"""The exponential linear unit: f(z) = z where z > 0, else α (e^z - 1), with f' = 1, else a + α.

References
----------
Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear
units (ICLR 2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.activations.blockwise import blockwise
from nnpipe.network.activations.namespace import namespace


@dataclass(frozen=True)
class EluOptions:
    """The option of elu."""

    alpha: float = option(1.0, "f tends to -alpha far below 0", at_least=0)


def exponential_linear(alpha: float) -> Activation:
    """Return the activation for one α."""

    def formula(z: Any) -> Any:
        xp = namespace(z)
        return xp.where(z > 0, z, 0) + alpha * xp.expm1(xp.where(z > 0, 0, z))

    @blockwise
    def forward(z: Array, out: Array) -> None:
        positive = np.maximum(z, 0)
        np.minimum(z, 0, out=out)
        np.expm1(out, out=out)
        if alpha != 1:
            out *= alpha
        out += positive

    @blockwise
    def backward(z: Array, a: Array, delta: Array) -> None:
        positive = a > 0
        np.add(a, alpha, out=z)
        np.copyto(z, 1, where=positive)
        delta *= z

    return Activation(formula, forward, backward)


elu = Kind(EluOptions, lambda options: exponential_linear(options.alpha))

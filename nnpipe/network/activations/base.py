"""The base of activations: a function of a layer's sums, and its derivative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Kind, NoOptions

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Activation:
    """A function f of z, the sums of a layer, with its backward pass.

    `forward` and `backward` work in place, in float32 and float64, and keep the dtype.

    Parameters
    ----------
    formula : callable
        ``formula(z)`` returns f(z) as a new array, by plain array operations. NumPy, PyTorch and
        other array libraries share them. Intermediate results may overflow.
    forward : callable
        ``forward(z, out)`` writes f(z) into `out`. Both are (samples, neurons), or (neurons,)
        for one sample, and `out` may be `z` itself. Intermediate results may overflow. The caller
        silences the warning, once for many calls, because that takes longer than a small call.
    backward : callable
        ``backward(z, a, delta)`` turns dL/da in `delta` into dL/dz in place, where a = f(z) and L
        is any scalar. `z` may be overwritten.
    needs_z : bool
        Whether `backward` reads `z`. If not, `z` is only scratch space, and may be `a` itself.
    """

    formula: Callable[[Any], Any]
    forward: Callable[[Array, Array], None]
    backward: Callable[[Array, Array, Array], None]
    needs_z: bool = False

    def __call__(self, z: Array) -> Array:
        """Return f(z), by the formula, as a new array of the shape and dtype of `z`."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.formula(z)


def plain(function: Activation) -> Kind[NoOptions, Activation]:
    """Return the kind of an activation without options."""
    return Kind(NoOptions, lambda options: function)

"""Mean squared error, for regression: L = Σ_k (a_k - t_k)² / K, with dL/da = 2 (a - t) / K."""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Activation, Array
from nnpipe.training.losses.base import Loss, Targets, one_hot, plain


def _backward(function: Activation, z: Array, targets: Targets, delta: Array) -> tuple[float, int]:
    a = function(z) if function.needs_z else z
    if not function.needs_z:
        function.forward(z, a)
    np.subtract(a, one_hot(targets, a) if targets.ndim == 1 else targets, out=delta)
    loss = float(np.vdot(delta, delta)) / delta.shape[1]
    delta *= 2 / delta.shape[1]
    function.backward(z, a, delta)
    return loss, 0


mean_squared_error = plain(Loss(_backward, activation=None, classifies=False))

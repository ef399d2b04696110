"""Gradient descent with momentum: v ← μ v + g, P ← P - η v.

References
----------
Polyak: Some methods of speeding up the convergence of iteration methods (1964).
"""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import Optimizer, State, Step, remember


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    v = state["v"]
    v *= step.options["momentum"]
    v += gradient
    np.multiply(v, step.rate, out=scratch)
    parameters -= scratch


momentum = Optimizer(remember("v"), _update, {"learning_rate": 0.01, "momentum": 0.9})

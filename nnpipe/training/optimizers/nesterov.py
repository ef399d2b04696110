"""Nesterov's accelerated gradient: v ← μ v + g, P ← P - η (g + μ v).

References
----------
Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in deep
learning (ICML 2013), for Nesterov's method of 1983 in this form, at the point looked ahead to.
"""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import Optimizer, State, Step, remember


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    v, mu = state["v"], step.options["momentum"]
    v *= mu
    v += gradient
    np.multiply(v, mu, out=scratch)
    scratch += gradient
    scratch *= step.rate
    parameters -= scratch


nesterov = Optimizer(remember("v"), _update, {"learning_rate": 0.01, "momentum": 0.9})

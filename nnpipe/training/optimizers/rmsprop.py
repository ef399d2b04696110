"""RMSProp: s ← ρ s + (1 - ρ) g², P ← P - η g / (√s + ε).

References
----------
Tieleman, Hinton: Lecture 6.5 of Neural Networks for Machine Learning (Coursera, 2012).
"""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import Optimizer, State, Step, remember


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    s, rho = state["s"], step.options["rho"]
    np.multiply(gradient, gradient, out=scratch)
    scratch *= 1 - rho
    s *= rho
    s += scratch
    np.sqrt(s, out=scratch)
    scratch += step.options["epsilon"]
    gradient /= scratch
    gradient *= step.rate
    parameters -= gradient


rmsprop = Optimizer(remember("s"), _update, {"learning_rate": 0.001, "rho": 0.99, "epsilon": 1e-8})

"""RMSProp: s ← ρ s + (1 - ρ) g², P ← P - η g / (√s + ε).

References
----------
Tieleman, Hinton: Lecture 6.5 of Neural Networks for Machine Learning (Coursera, 2012).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import OptimizerOptions, State, Step, optimizer, remember


@dataclass(frozen=True)
class RmspropOptions(OptimizerOptions):
    """The options of rmsprop."""

    learning_rate: float = option(0.001, "size of a step", above=0)
    rho: float = option(0.99, "decay of the mean square gradient", at_least=0, below=1)
    epsilon: float = option(1e-8, "keeps the divisor above 0", at_least=0)


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    s, rho = state["s"], step.options.rho
    np.multiply(gradient, gradient, out=scratch)
    scratch *= 1 - rho
    s *= rho
    s += scratch
    np.sqrt(s, out=scratch)
    scratch += step.options.epsilon
    gradient /= scratch
    gradient *= step.rate
    parameters -= gradient


rmsprop = optimizer(RmspropOptions, remember("s"), _update)

"""Adam: the mean and the mean square of past gradients, each corrected for its start at zero.

m ← β₁ m + (1 - β₁) g and v ← β₂ v + (1 - β₂) g², and at step t
P ← P - η m̂ / (√v̂ + ε), with m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ).

The state holds m / (1 - β₁) and v / (1 - β₂), and the constants are combined into two numbers per
step, which saves four passes over the parameters.

References
----------
Kingma, Ba: Adam: a method for stochastic optimization (ICLR 2015), algorithm 1 and section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import OptimizerOptions, State, Step, optimizer, remember


@dataclass(frozen=True)
class AdamOptions(OptimizerOptions):
    """The options of adam."""

    learning_rate: float = option(0.001, "size of a step", above=0)
    beta1: float = option(0.9, "decay of the mean gradient", at_least=0, below=1)
    beta2: float = option(0.999, "decay of the mean square gradient", at_least=0, below=1)
    epsilon: float = option(1e-8, "keeps the divisor above 0", at_least=0)


def adam_update(
    parameters: Array, gradient: Array, state: State, scratch: Array, step: Step
) -> None:
    """Make one step; see `Optimizer`."""
    m, v = state["m"], state["v"]
    beta1, beta2 = step.options.beta1, step.options.beta2
    m *= beta1
    m += gradient
    gradient *= gradient
    v *= beta2
    v += gradient
    root = math.sqrt((1 - beta2**step.number) / (1 - beta2))
    np.sqrt(v, out=scratch)
    scratch += step.options.epsilon * root
    np.divide(m, scratch, out=scratch)
    scratch *= step.rate * root * (1 - beta1) / (1 - beta1**step.number)
    parameters -= scratch


adam = optimizer(AdamOptions, remember("m", "v"), adam_update)

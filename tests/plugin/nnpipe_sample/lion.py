"""The optimizer Lion: steps of one size, in the direction of a mean of gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.training.optimizers.base import OptimizerOptions, optimizer, remember


@dataclass(frozen=True)
class LionOptions(OptimizerOptions):
    learning_rate: float = option(0.0001, "size of a step", above=0)
    beta1: float = option(0.9, "decay of the mean in a step", at_least=0, below=1)
    beta2: float = option(0.99, "decay of the mean", at_least=0, below=1)


def update(parameters, gradient, state, scratch, step):
    m, options = state["m"], step.options
    np.multiply(m, options.beta1, out=scratch)
    scratch += (1 - options.beta1) * gradient
    parameters -= step.rate * np.sign(scratch)
    m *= options.beta2
    m += (1 - options.beta2) * gradient


lion = optimizer(LionOptions, remember("m"), update)

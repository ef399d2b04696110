"""Gradient descent with momentum: v ← μ v + g, P ← P - η v.

References
----------
Polyak: Some methods of speeding up the convergence of iteration methods (1964).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import OptimizerOptions, State, Step, optimizer, remember


@dataclass(frozen=True)
class MomentumOptions(OptimizerOptions):
    """The options of momentum."""

    learning_rate: float = option(0.01, "size of a step", above=0)
    momentum: float = option(0.9, "share of the previous step in the next", at_least=0, below=1)


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    v = state["v"]
    v *= step.options.momentum
    v += gradient
    np.multiply(v, step.rate, out=scratch)
    parameters -= scratch


momentum = optimizer(MomentumOptions, remember("v"), _update)

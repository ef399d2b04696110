"""Nesterov's accelerated gradient: v ← μ v + g, P ← P - η (g + μ v).

References
----------
Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in deep
learning (ICML 2013), for this form of Nesterov's method of 1983.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import OptimizerOptions, State, Step, optimizer, remember


@dataclass(frozen=True)
class NesterovOptions(OptimizerOptions):
    """The options of nesterov."""

    learning_rate: float = option(0.01, "size of a step", above=0)
    momentum: float = option(0.9, "share of the previous step in the next", at_least=0, below=1)


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    v, mu = state["v"], step.options.momentum
    v *= mu
    v += gradient
    np.multiply(v, mu, out=scratch)
    scratch += gradient
    scratch *= step.rate
    parameters -= scratch


nesterov = optimizer(NesterovOptions, remember("v"), _update)

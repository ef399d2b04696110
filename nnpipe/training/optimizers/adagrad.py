"""AdaGrad: s ← s + g², P ← P - η g / (√s + ε).

References
----------
Duchi, Hazan, Singer: Adaptive subgradient methods for online learning and stochastic optimization
(Journal of Machine Learning Research, 2011), in the diagonal form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import OptimizerOptions, State, Step, optimizer, remember


@dataclass(frozen=True)
class AdagradOptions(OptimizerOptions):
    """The options of adagrad."""

    learning_rate: float = option(0.01, "size of a step", above=0)
    epsilon: float = option(1e-10, "keeps the divisor above 0", at_least=0)


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    s = state["s"]
    np.multiply(gradient, gradient, out=scratch)
    s += scratch
    np.sqrt(s, out=scratch)
    scratch += step.options.epsilon
    gradient /= scratch
    gradient *= step.rate
    parameters -= gradient


adagrad = optimizer(AdagradOptions, remember("s"), _update)

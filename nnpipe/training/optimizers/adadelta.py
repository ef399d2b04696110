"""AdaDelta: the size of a step comes from earlier steps, so the default learning rate is 1.

s ← ρ s + (1 - ρ) g², d = g √(u + ε) / √(s + ε), u ← ρ u + (1 - ρ) d², P ← P - η d.

References
----------
Zeiler: ADADELTA: an adaptive learning rate method (2012), algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import OptimizerOptions, State, Step, optimizer, remember


@dataclass(frozen=True)
class AdadeltaOptions(OptimizerOptions):
    """The options of adadelta."""

    learning_rate: float = option(1.0, "size of a step", above=0)
    rho: float = option(0.9, "decay of the mean square gradient", at_least=0, below=1)
    epsilon: float = option(1e-6, "keeps the divisor above 0", at_least=0)


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    s, u = state["s"], state["u"]
    rho, epsilon = step.options.rho, step.options.epsilon
    np.multiply(gradient, gradient, out=scratch)
    scratch *= 1 - rho
    s *= rho
    s += scratch
    np.add(s, epsilon, out=scratch)
    np.sqrt(scratch, out=scratch)
    gradient /= scratch
    np.add(u, epsilon, out=scratch)
    np.sqrt(scratch, out=scratch)
    gradient *= scratch
    np.multiply(gradient, gradient, out=scratch)
    scratch *= 1 - rho
    u *= rho
    u += scratch
    gradient *= step.rate
    parameters -= gradient


adadelta = optimizer(AdadeltaOptions, remember("s", "u"), _update)

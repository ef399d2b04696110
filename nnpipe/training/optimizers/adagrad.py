"""AdaGrad: s ← s + g², P ← P - η g / (√s + ε).

References
----------
Duchi, Hazan, Singer: Adaptive subgradient methods for online learning and stochastic optimization
(Journal of Machine Learning Research, 2011), its diagonal form.
"""

from __future__ import annotations

import numpy as np

from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import Optimizer, State, Step, remember


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    s = state["s"]
    np.multiply(gradient, gradient, out=scratch)
    s += scratch
    np.sqrt(s, out=scratch)
    scratch += step.options["epsilon"]
    gradient /= scratch
    gradient *= step.rate
    parameters -= gradient


adagrad = Optimizer(remember("s"), _update, {"learning_rate": 0.01, "epsilon": 1e-10})

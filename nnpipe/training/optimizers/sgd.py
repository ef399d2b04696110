"""Stochastic gradient descent: P ← P - η g.

References
----------
Robbins, Monro: A stochastic approximation method (Annals of Mathematical Statistics, 1951).
"""

from __future__ import annotations

from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import Optimizer, State, Step, remember


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    gradient *= step.rate
    parameters -= gradient


sgd = Optimizer(remember(), _update, {"learning_rate": 0.1})

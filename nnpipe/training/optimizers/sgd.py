"""Stochastic gradient descent: P ← P - η g.

References
----------
Robbins, Monro: A stochastic approximation method (Annals of Mathematical Statistics, 1951).
"""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.options import option
from nnpipe.network.activations.base import Array
from nnpipe.training.optimizers.base import OptimizerOptions, State, Step, optimizer, remember


@dataclass(frozen=True)
class SgdOptions(OptimizerOptions):
    """The option of sgd."""

    learning_rate: float = option(0.1, "size of a step", above=0)


def _update(parameters: Array, gradient: Array, state: State, scratch: Array, step: Step) -> None:
    gradient *= step.rate
    parameters -= gradient


sgd = optimizer(SgdOptions, remember(), _update)

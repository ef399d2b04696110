"""The base of optimizers, which update parameters from a gradient, entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnpipe.config.kind import Kind, Options
from nnpipe.config.options import option
from nnpipe.network.activations.base import Array

State = dict[str, Array]
"""The state that an optimizer keeps between steps, by name: arrays shaped like the parameters."""


Init = Callable[[Array], State]
Update = Callable[[Array, Array, State, Array, "Step"], None]


@dataclass(frozen=True)
class OptimizerOptions:
    """The options of every optimizer. Each optimizer sets its own default."""

    learning_rate: float = option(0.01, "size of a step", above=0)


@dataclass(frozen=True)
class Step:
    """One step of training.

    Parameters
    ----------
    number : int
        The number of the step, from 1.
    rate : float
        The learning rate of this step.
    options : OptimizerOptions
        The options of the optimizer.
    """

    number: int
    rate: float
    options: Any


@dataclass(frozen=True)
class Optimizer:
    """Two elementwise functions, which work on a whole array or on any part of it.

    Parameters
    ----------
    init : callable
        ``init(parameters)`` returns the state before the first step.
    update : callable
        ``update(parameters, gradient, state, scratch, step)`` changes the parameters and the
        state in place. All arrays are of one shape; `gradient` and `scratch` may be overwritten.
    options : OptimizerOptions
    """

    init: Init
    update: Update
    options: OptimizerOptions


def optimizer(options: type[Options], init: Init, update: Update) -> Kind[Options, Optimizer]:
    """Return the kind of an optimizer with options that extend `OptimizerOptions`."""

    def make(chosen: Any) -> Optimizer:
        return Optimizer(init, update, chosen)

    return Kind(options, make)


def remember(*names: str) -> Init:
    """Return an `init` whose state is one array of zeros for each name."""

    def init(parameters: Array) -> State:
        return {name: np.zeros_like(parameters) for name in names}

    return init

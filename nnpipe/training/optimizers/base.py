"""What an optimizer is: how a gradient moves the parameters, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nnpipe.network.activations.base import Array

State = dict[str, Array]
"""What an optimizer remembers of the steps before, by name: arrays shaped like the parameters."""


@dataclass(frozen=True)
class Step:
    """One step of training.

    Parameters
    ----------
    number : int
        Counts from 1.
    rate : float
        The learning rate of this step.
    options : mapping of str to float
        The other options, none left out.
    """

    number: int
    rate: float
    options: Mapping[str, float]


@dataclass(frozen=True)
class Optimizer:
    """Two functions that work entry by entry, on a whole array or on any part of it.

    Parameters
    ----------
    init : callable
        ``init(parameters)`` returns the state before the first step.
    update : callable
        ``update(parameters, gradient, state, scratch, step)`` changes the parameters and the
        state in place. All arrays are of one shape; `gradient` and `scratch` may be overwritten.
    options : mapping of str to float
        What it takes, with the defaults; `learning_rate` is always among them.
    """

    init: Callable[[Array], State]
    update: Callable[[Array, Array, State, Array, Step], None]
    options: Mapping[str, float]


def remember(*names: str) -> Callable[[Array], State]:
    """Return an `init` whose state is one array of zeros for each name."""

    def init(parameters: Array) -> State:
        return {name: np.zeros_like(parameters) for name in names}

    return init

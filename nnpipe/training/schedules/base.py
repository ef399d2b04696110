"""The base of schedules: a factor of the learning rate that changes during training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnpipe.config.kind import Choice
from nnpipe.config.options import option

Schedule = Callable[[float, float], float]
"""``schedule(t, progress)`` returns the factor after t epochs, which may be a fraction.

`progress` goes from 0 at the first step of the training to 1 at the last.
"""


@dataclass(frozen=True)
class ScheduleOptions:
    """The options of every schedule."""

    warmup: float = option(0.0, "epochs of linear rise of the learning rate from 0", at_least=0)


def factor_at(chosen: Choice[Schedule], epochs: int, steps: int) -> Callable[[int], float]:
    """Return the factor of the learning rate at each step, counted from 0.

    During the first `warmup` epochs the factor rises linearly to the value of the schedule.

    Parameters
    ----------
    chosen : Choice
    epochs : int
        The number of epochs of the whole training.
    steps : int
        The number of steps in an epoch.

    References
    ----------
    Goyal et al.: Accurate, large minibatch SGD (2017), for the warm-up.

    >>> from nnpipe.training.schedules import SCHEDULES
    >>> rate = factor_at(SCHEDULES.choice("step", every=2, factor=0.1), epochs=6, steps=10)
    >>> [rate(step) for step in (0, 19, 20)]
    [1.0, 1.0, 0.1]
    """
    schedule, rising = chosen.make(), chosen.options.warmup * steps
    last = max(epochs * steps - 1, 1)

    def factor(step: int) -> float:
        value = schedule(step / steps, min(step / last, 1))
        return value * min(1.0, (step + 1) / rising) if rising > 0 else value

    return factor

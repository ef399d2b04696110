"""A learning rate that changes by a factor after every given number of epochs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.training.schedules.base import ScheduleOptions


@dataclass(frozen=True)
class StepOptions(ScheduleOptions):
    """The options of step."""

    every: float = option(10.0, "epochs between two changes", above=0)
    factor: float = option(0.5, "factor of the learning rate at each change", at_least=0)


def _factor(options: StepOptions, t: float, progress: float) -> float:
    return options.factor ** (t // options.every)


step = Kind(StepOptions, lambda options: partial(_factor, options))

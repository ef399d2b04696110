"""A learning rate that falls along half a cosine, from its full value to a floor at the last step.

References
----------
Loshchilov, Hutter: SGDR: stochastic gradient descent with warm restarts (ICLR 2017), equation 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.training.schedules.base import ScheduleOptions


@dataclass(frozen=True)
class CosineOptions(ScheduleOptions):
    """The option of cosine."""

    floor: float = option(0.0, "factor of the learning rate at the last step", at_least=0)


def _factor(options: CosineOptions, t: float, progress: float) -> float:
    half = (1 + math.cos(math.pi * progress)) / 2
    return options.floor + (1 - options.floor) * half


cosine = Kind(CosineOptions, lambda options: partial(_factor, options))

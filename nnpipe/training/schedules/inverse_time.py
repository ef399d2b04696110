"""A learning rate that falls as 1 / (1 + decay t), where t is the number of finished epochs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.training.schedules.base import ScheduleOptions


@dataclass(frozen=True)
class InverseTimeOptions(ScheduleOptions):
    """The option of inverse_time."""

    decay: float = option(1.0, "the learning rate has halved after 1 / decay epochs", at_least=0)


def _factor(options: InverseTimeOptions, t: float, progress: float) -> float:
    return 1 / (1 + options.decay * t)


inverse_time = Kind(InverseTimeOptions, lambda options: partial(_factor, options))

"""A learning rate that falls evenly."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.training.schedules.base import ScheduleOptions


@dataclass(frozen=True)
class LinearOptions(ScheduleOptions):
    last: float = option(0.0, "the last factor", at_least=0, at_most=1)


linear_decay = Kind(
    LinearOptions, lambda options: lambda t, progress: 1 - (1 - options.last) * progress
)

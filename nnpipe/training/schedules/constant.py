"""A constant learning rate."""

from __future__ import annotations

from functools import partial

from nnpipe.config.kind import Kind
from nnpipe.training.schedules.base import ScheduleOptions


def _factor(options: ScheduleOptions, t: float, progress: float) -> float:
    return 1.0


constant = Kind(ScheduleOptions, lambda options: partial(_factor, options))

"""The schedules of the learning rate, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.training.schedules.base import Schedule

SCHEDULES: Registry[Schedule] = Registry(
    "a schedule",
    "nnpipe.schedules",
    modules(__name__, "constant cosine inverse_time step"),
    base="nnpipe.training.schedules.base:ScheduleOptions",
)

"""The metrics, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.stages.metrics.base import MakeMetric

METRICS: Registry[MakeMetric] = Registry(
    "a metric",
    "nnpipe.metrics",
    modules(
        __name__,
        "accuracy calibration_error cross_entropy f1 label_accuracy mean_absolute_error"
        " mean_squared_error r2 top_k",
    ),
)

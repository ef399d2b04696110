"""The metrics, one module each. A new one needs a module and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry

if TYPE_CHECKING:
    from nnpipe.stages.metrics.base import MakeMetric

METRICS: Registry[MakeMetric] = Registry(
    "a metric",
    "nnpipe.metrics",
    {
        name: f"nnpipe.stages.metrics.{name}:{name}"
        for name in (
            "accuracy",
            "calibration_error",
            "cross_entropy",
            "f1",
            "label_accuracy",
            "mean_absolute_error",
            "mean_squared_error",
            "r2",
            "top_k",
        )
    },
)

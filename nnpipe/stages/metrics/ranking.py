"""Which end of a metric is the best one, for tables and searches."""

from __future__ import annotations

from typing import cast

from nnpipe.stages.metrics import METRICS
from nnpipe.stages.metrics.base import MetricKind

_LEAST = ("loss", "validation_loss", "gradient_norm", "seconds", "nonfinite_inputs")
"""What is not a kind of metric, and is best when it is least."""


def direction_of(column: str) -> str:
    """Return "maximize" or "minimize": which numbers in a column of sweep.csv are better.

    >>> direction_of("evaluation.cross_entropy"), direction_of("evaluation.top_3")
    ('minimize', 'maximize')
    """
    name = column.rpartition(".")[2]
    # The label of a metric with options begins with the name of its kind, as in within_0.25.
    kind = next((kind for kind in METRICS if name == kind or name.startswith(f"{kind}_")), None)
    if kind is not None:
        return cast("MetricKind[object]", METRICS.load(kind)).direction
    return "minimize" if name in _LEAST else "maximize"

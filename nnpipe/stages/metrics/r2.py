"""The coefficient of determination: 1 - Σ (a - t)² / Σ (t - mean of t)², of each output.

The metric is the mean over the outputs whose targets vary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.sources.moments import Moments
from nnpipe.stages.metrics.base import MetricKind, Task


class R2:
    """A `Metric` of 1 or less; None if no target varies."""

    def __init__(self, task: Task) -> None:
        self._moments = Moments(task.outputs)
        self._squares = np.zeros(task.outputs)

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        self._squares += np.square(outputs.astype(np.float64) - targets).sum(axis=0)
        self._moments.add(targets)

    def value(self) -> float | None:
        """Return the mean."""
        variation = np.square(self._moments.std) * self._moments.count
        varies = variation > 0
        r2 = 1 - self._squares[varies] / variation[varies]
        return float(r2.mean()) if varies.any() else None


r2 = MetricKind(
    NoOptions, lambda options: lambda task: R2(task) if task.targets == "numbers" else None
)

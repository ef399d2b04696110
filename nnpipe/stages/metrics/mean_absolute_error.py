"""The mean of the absolute errors, over samples and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import MetricKind, Task


class MeanAbsoluteError:
    """A `Metric` of 0 or more."""

    def __init__(self, task: Task) -> None:
        self._sums, self._samples = np.zeros(task.outputs), 0

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        error = outputs.astype(np.float64) - targets
        self._sums += np.abs(error).sum(axis=0)
        self._samples += len(outputs)

    def value(self) -> float:
        """Return the mean."""
        return float(self._sums.mean() / self._samples)


mean_absolute_error = MetricKind(
    NoOptions,
    lambda options: lambda task: MeanAbsoluteError(task) if task.targets == "numbers" else None,
    direction="minimize",
)

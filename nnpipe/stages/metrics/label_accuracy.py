"""The share of correct labels over all samples. An output of 0.5 or more is a yes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import MetricKind, Task


class LabelAccuracy:
    """A `Metric` from 0 to 1."""

    def __init__(self, task: Task) -> None:
        self._wrong = np.zeros(task.outputs, np.int64)
        self._samples = 0

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        self._wrong += np.count_nonzero((outputs >= 0.5) != (targets >= 0.5), axis=0)
        self._samples += len(outputs)

    def value(self) -> float:
        """Return the share."""
        return float(1 - self._wrong.mean() / self._samples)


label_accuracy = MetricKind(
    NoOptions,
    lambda options: lambda task: LabelAccuracy(task) if task.targets == "labels" else None,
)

"""The share of samples classified correctly. With several labels, all of them must be correct."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import MetricKind, Task
from nnpipe.stages.scores import predict


class Accuracy:
    """A `Metric` from 0 to 1."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._correct = self._samples = 0

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        if self._task.targets == "classes":
            correct = predict(self._task.activation, outputs) == targets
        else:
            correct = ((outputs >= 0.5) == (targets >= 0.5)).all(axis=1)
        self._correct += int(np.count_nonzero(correct))
        self._samples += len(outputs)

    def value(self) -> float:
        """Return the share."""
        return self._correct / self._samples


accuracy = MetricKind(
    NoOptions, lambda options: lambda task: None if task.targets == "numbers" else Accuracy(task)
)

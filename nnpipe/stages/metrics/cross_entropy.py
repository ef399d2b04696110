"""The mean cross-entropy in nats per sample; see `nnpipe.stages.scores.cross_entropy_sum`."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import MetricKind, Task
from nnpipe.stages.scores import cross_entropy_sum


class CrossEntropy:
    """A `Metric` of 0 or more; None if the outputs are not probabilities."""

    def __init__(self, task: Task) -> None:
        self._activation = task.activation
        self._sum, self._samples = 0.0, 0

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        self._sum += cross_entropy_sum(self._activation, outputs, targets)
        self._samples += len(outputs)

    def value(self) -> float | None:
        """Return the mean."""
        mean = self._sum / self._samples
        return None if math.isnan(mean) else mean


cross_entropy = MetricKind(
    NoOptions,
    lambda options: lambda task: CrossEntropy(task) if task.targets == "classes" else None,
    direction="minimize",
    unit="nat",
)

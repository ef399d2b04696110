"""The mean of the squared errors, over samples and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import Mean, MetricKind, Task


def _error(outputs: Array, targets: NDArray[Any]) -> NDArray[np.float64]:
    error: NDArray[np.float64] = outputs.astype(np.float64) - targets
    return np.square(error).sum(axis=0)


def _make(task: Task) -> Mean | None:
    return Mean(_error) if task.targets == "numbers" else None


mean_squared_error = MetricKind(NoOptions, lambda options: _make, direction="minimize")

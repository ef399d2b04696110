"""The share of samples classified correctly. With several labels, all of them must be correct."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import Mean, MetricKind, Task
from nnpipe.stages.scores import predict


def _correct(activation: str, outputs: Array, targets: NDArray[Any]) -> Any:
    if targets.ndim == 1:
        return np.count_nonzero(predict(activation, outputs) == targets)
    return np.count_nonzero(((outputs >= 0.5) == (targets >= 0.5)).all(axis=1))


def _make(task: Task) -> Mean | None:
    return None if task.targets == "numbers" else Mean(partial(_correct, task.activation))


accuracy = MetricKind(NoOptions, lambda options: _make)

"""The mean cross-entropy in nats per sample; see `nnpipe.stages.scores.cross_entropy_sum`."""

from __future__ import annotations

from functools import partial

from nnpipe.config.kind import NoOptions
from nnpipe.stages.metrics.base import Mean, MetricKind, Task
from nnpipe.stages.scores import cross_entropy_sum


def _make(task: Task) -> Mean | None:
    if task.targets != "classes":
        return None
    return Mean(partial(cross_entropy_sum, task.activation))


cross_entropy = MetricKind(NoOptions, lambda options: _make, direction="minimize", unit="nat")

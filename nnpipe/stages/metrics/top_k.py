"""The share of the samples whose class is among the k greatest outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import option
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import MakeMetric, MetricKind, Task


@dataclass(frozen=True)
class TopKOptions:
    """The option of top_k."""

    k: int = option(5, "number of greatest outputs that count", at_least=1)


class TopK:
    """A `Metric` from 0 to 1."""

    def __init__(self, k: int, neurons: int) -> None:
        self._k, self._neurons = k, neurons
        self._correct = self._samples = 0

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        own = outputs[np.arange(len(outputs)), targets][:, np.newaxis]
        # Equal outputs are ranked by their position, as in argmax.
        first = np.less(np.arange(self._neurons), targets[:, np.newaxis])
        rank = np.count_nonzero((outputs > own) | ((outputs == own) & first), axis=1)
        self._correct += int(np.count_nonzero(rank < self._k))
        self._samples += len(outputs)

    def value(self) -> float:
        """Return the share."""
        return self._correct / self._samples


def _make(options: TopKOptions) -> MakeMetric:
    def make(task: Task) -> TopK | None:
        fits = task.targets == "classes" and options.k < task.outputs
        return TopK(options.k, task.outputs) if fits else None

    return make


top_k = MetricKind(TopKOptions, _make, label=lambda options: f"top_{options.k}")

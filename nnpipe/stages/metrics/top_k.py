"""The share of the samples whose class is among the k greatest outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.options import option
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import Mean, MetricKind, Task


@dataclass(frozen=True)
class TopKOptions:
    """The option of top_k."""

    k: int = option(5, "number of greatest outputs that count", at_least=1)


def _correct(k: int, outputs: Array, targets: NDArray[np.int64]) -> int:
    own: Array = outputs[np.arange(len(outputs)), targets][:, np.newaxis]
    # Equal outputs are ranked by their position, as in argmax.
    neurons: int = outputs.shape[1]
    first = np.less(np.arange(neurons), targets[:, np.newaxis])
    rank = np.count_nonzero((outputs > own) | ((outputs == own) & first), axis=1)
    return int(np.count_nonzero(rank < k))


def _make(options: TopKOptions, task: Task) -> Mean | None:
    fits = task.targets == "classes" and options.k < task.outputs
    return Mean(partial(_correct, options.k)) if fits else None


top_k = MetricKind(
    TopKOptions,
    lambda options: partial(_make, options),
    label=lambda options: f"top_{options.k}",
)

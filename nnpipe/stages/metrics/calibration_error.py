"""The expected calibration error: the difference of a network's confidence and its accuracy.

References
----------
Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks (ICML 2017), section 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import MetricKind, Named, Task
from nnpipe.stages.scores import predict

BINS = 15


class Calibration:
    """A `Metric` from 0 to 1: the mean distance of accuracy and confidence over the samples.

    The confidence is the probability of the predicted class. With a softmax or several sigmoid
    neurons it is the greatest output. With one sigmoid neuron it is the output or 1 minus the
    output. Samples are counted in 15 bins of equal width.
    """

    def __init__(self, task: Task) -> None:
        self._activation = task.activation
        self._counts = np.zeros(BINS, np.int64)
        self._correct = np.zeros(BINS, np.int64)
        self._confidence = np.zeros(BINS)

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        correct = predict(self._activation, outputs) == targets
        highest = outputs.max(axis=1).astype(np.float64)
        confidence = np.maximum(highest, 1 - highest) if outputs.shape[1] == 1 else highest
        # A bin includes its upper end and excludes its lower end, as in the paper.
        known = np.nan_to_num(confidence)
        bins = np.clip(np.ceil(known * BINS).astype(np.int64) - 1, 0, BINS - 1)
        self._counts += np.bincount(bins, minlength=BINS)
        self._correct += np.bincount(bins[correct], minlength=BINS)
        self._confidence += np.bincount(bins, confidence, minlength=BINS)

    def value(self) -> float | None:
        """Return the error, or None if an output is not a number."""
        error = float(np.abs(self._correct - self._confidence).sum() / self._counts.sum())
        return None if math.isnan(error) else error

    def datasets(self) -> Named:
        """Return the number of samples and of correct predictions per bin, (15,) int64."""
        return {
            "calibration_samples": (self._counts, ("bin",), "Samples by confidence"),
            "calibration_right": (self._correct, ("bin",), "Right ones by confidence"),
        }


def _make(task: Task) -> Calibration | None:
    fits = task.targets == "classes" and task.activation in ("softmax", "sigmoid")
    return Calibration(task) if fits else None


calibration_error = MetricKind(NoOptions, lambda options: _make, direction="minimize")

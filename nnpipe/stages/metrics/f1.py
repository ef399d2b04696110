"""The mean over classes or labels of F1, the harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import NoOptions
from nnpipe.engines.base import Array
from nnpipe.stages.metrics.base import Metric, MetricKind, Named, Task
from nnpipe.stages.scores import MOST_COUNTED, new_confusion, predict


class ClassF1:
    """A `Metric` from 0 to 1 over the classes."""

    def __init__(self, task: Task) -> None:
        self._activation = task.activation
        self._confusion = new_confusion(task.outputs)

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        np.add.at(self._confusion, (targets, predict(self._activation, outputs)), 1)

    def value(self) -> float:
        """Return the mean."""
        return float(by_class(self._confusion)["f1"].mean())

    def datasets(self) -> Named:
        """Return the confusion matrix, (label, predicted), and the scores of each class."""
        confusion = self._confusion
        found: dict[str, tuple[NDArray[Any], tuple[str, ...], str]] = {
            "confusion_matrix": (
                confusion,
                ("label", "predicted"),
                "Samples by label and prediction",
            )
        }
        for score, values in by_class(confusion).items():
            found[score] = (values, ("label",), f"{score.capitalize()} of each class")
        return found


class LabelF1:
    """A `Metric` from 0 to 1 over the labels. An output of 0.5 or more is a yes."""

    def __init__(self, task: Task) -> None:
        self._both = np.zeros(task.outputs, np.int64)
        self._either = np.zeros(task.outputs, np.int64)

    def add(self, outputs: Array, targets: NDArray[Any]) -> None:
        """Add a batch."""
        found, wanted = outputs >= 0.5, targets >= 0.5
        self._both += np.count_nonzero(found & wanted, axis=0)
        self._either += np.count_nonzero(found, axis=0) + np.count_nonzero(wanted, axis=0)

    def value(self) -> float:
        """Return the mean. A label without a yes in outputs and targets has an F1 of 0."""
        return float((2 * self._both / np.maximum(self._either, 1)).mean())


def by_class(confusion: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return precision, recall and F1 of each class, and 0 if the divisor is 0.

    >>> by_class(np.array([[8, 2], [0, 0]]))["recall"]
    array([0.8, 0. ])
    """
    correct = np.diag(confusion).astype(np.float64)
    predicted, actual = confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        "precision": correct / np.maximum(predicted, 1),
        "recall": correct / np.maximum(actual, 1),
        "f1": 2 * correct / np.maximum(predicted + actual, 1),
    }


def _make(task: Task) -> Metric | None:
    if task.targets == "labels":
        return LabelF1(task)
    fits = task.targets == "classes" and task.outputs <= MOST_COUNTED
    return ClassF1(task) if fits else None


f1 = MetricKind(NoOptions, lambda options: _make)

"""Judge outputs that are each a yes or a no of their own, by targets of ones and zeros."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.base import Array


class SeveralLabels:
    """Counts for each label of all samples added so far. A yes is an output of 0.5 or more.

    Parameters
    ----------
    labels : int
        The network's outputs.
    """

    def __init__(self, labels: int) -> None:
        self._samples = self._whole = 0
        self._both = np.zeros(labels, np.int64)
        self._found = np.zeros(labels, np.int64)
        self._wanted = np.zeros(labels, np.int64)

    def add(self, outputs: Array, targets: Array) -> None:
        """Take in a batch: outputs and targets, (samples, labels)."""
        found, wanted = outputs >= 0.5, targets >= 0.5
        self._samples += len(outputs)
        self._whole += int(np.count_nonzero((found == wanted).all(axis=1)))
        self._both += np.count_nonzero(found & wanted, axis=0)
        self._found += np.count_nonzero(found, axis=0)
        self._wanted += np.count_nonzero(wanted, axis=0)

    @property
    def f1(self) -> NDArray[np.float64]:
        """The F1 of each label; 0 where there is nothing to divide by."""
        return 2 * self._both / np.maximum(self._found + self._wanted, 1)

    def values(self) -> dict[str, float]:
        """Return accuracy (samples with every label right), label_accuracy, and the mean F1."""
        wrong = (self._found - self._both) + (self._wanted - self._both)
        return {
            "accuracy": self._whole / self._samples,
            "label_accuracy": float(1 - wrong.mean() / self._samples),
            "f1": float(self.f1.mean()),
        }

"""Judge outputs by labels: accuracy, cross-entropy and the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.base import Array

MOST_COUNTED = 1000
"""The most classes for which the confusion matrix, classes × classes, is counted."""

MOST_SHOWN = 50
"""The most classes for which the confusion matrix is among the metrics too."""


def predict(activation: str, outputs: Array) -> NDArray[np.int64]:
    """Return the class of each sample.

    Parameters
    ----------
    activation : str
        The last layer's.
    outputs : (samples, neurons)
        With one neuron the classes are 0 and 1, divided at 0.5 for a sigmoid or a hard_sigmoid
        and at 0 for any other activation; with more, the class is the neuron with the greatest
        output, and the first of equals.

    Returns
    -------
    (samples,) int64
    """
    if outputs.shape[1] == 1:
        middle = 0.5 if activation in ("sigmoid", "hard_sigmoid") else 0
        return (outputs[:, 0] >= middle).astype(np.int64)
    return outputs.argmax(axis=1).astype(np.int64)


def new_confusion(neurons: int) -> NDArray[np.int64]:
    """Return a confusion matrix without samples, (classes, classes)."""
    classes = max(neurons, 2)
    return np.zeros((classes, classes), np.int64)


class Scores:
    """Accuracy, cross-entropy and confusion matrix of all samples added so far.

    Parameters
    ----------
    activation : str
        The last layer's.
    neurons : int
        The last layer's.

    Attributes
    ----------
    confusion : (classes, classes) int64 or None
        Samples by label (rows) and prediction (columns); None for more than 1000 classes.

    """

    def __init__(self, activation: str, neurons: int) -> None:
        self.activation = activation
        self.confusion: NDArray[np.int64] | None = None
        if neurons <= MOST_COUNTED:
            self.confusion = new_confusion(neurons)
        self._samples = 0
        self._right = 0
        self._cross_entropy = 0.0

    def add(self, outputs: Array, labels: NDArray[np.int64]) -> None:
        """Take in a batch: outputs (samples, neurons) and labels (samples,) from 0."""
        predicted = predict(self.activation, outputs)
        if self.confusion is not None:
            np.add.at(self.confusion, (labels, predicted), 1)
        self._samples += len(labels)
        self._right += int(np.count_nonzero(labels == predicted))
        self._cross_entropy += cross_entropy_sum(self.activation, outputs, labels)

    def merge(self, other: Scores) -> None:
        """Take in the samples that another has seen, of the same network."""
        if self.confusion is not None and other.confusion is not None:
            self.confusion += other.confusion
        self._samples += other._samples
        self._right += other._right
        self._cross_entropy += other._cross_entropy

    def state(self) -> dict[str, Any]:
        """Return what has been seen, ready for JSON."""
        counted = None if self.confusion is None else self.confusion.tolist()
        return {**vars(self), "confusion": counted}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned, of the same network."""
        if self.confusion is not None:
            self.confusion = np.array(state["confusion"], np.int64)
        self._samples, self._right = int(state["_samples"]), int(state["_right"])
        self._cross_entropy = float(state["_cross_entropy"])

    def values(self) -> dict[str, Any]:
        """Return accuracy (0 to 1), cross_entropy (nats a sample, or None) and confusion_matrix.

        The confusion matrix, as a list of rows, is left out for more than 50 classes.
        """
        mean = self._cross_entropy / self._samples
        found: dict[str, Any] = {
            "accuracy": self._right / self._samples,
            "cross_entropy": None if np.isnan(mean) else mean,
        }
        if self.confusion is not None and len(self.confusion) <= MOST_SHOWN:
            found["confusion_matrix"] = self.confusion.tolist()
        return found


def cross_entropy_sum(activation: str, outputs: Array, labels: NDArray[np.int64]) -> float:
    """Return the sum of the cross-entropies of samples, in nats; NaN where there is none.

    It depends on what the last layer's activation makes of its outputs: with `softmax`, -ln of the
    label's output; with `sigmoid`, the sum over the neurons of the binary cross-entropy against
    the one-hot label (one neuron: against the label itself); with `linear`, that of the softmax of
    the outputs. Other activations, and a single neuron of softmax or linear, do not give
    probabilities, and no cross-entropy. Outputs are held away from 0 and 1 by the dtype's machine
    epsilon, so that one wrong certainty does not make the mean infinite.

    References
    ----------
    Bishop: Pattern Recognition and Machine Learning (2006), sections 4.3.2 and 4.3.4.
    """
    epsilon = float(np.finfo(outputs.dtype).eps)
    rows = np.arange(len(outputs))
    o = outputs.astype(np.float64)
    several = o.shape[1] > 1
    if activation == "softmax" and several:
        return float(-np.log(np.maximum(o[rows, labels], epsilon)).sum())
    if activation == "linear" and several:
        with np.errstate(invalid="ignore"):  # infinity less infinity: the cross-entropy is NaN
            o -= o.max(axis=1, keepdims=True)
        return float((np.log(np.exp(o).sum(axis=1)) - o[rows, labels]).sum())
    if activation == "sigmoid":
        target = np.zeros_like(o)
        if several:
            target[rows, labels] = 1
        else:
            target[:, 0] = labels
        o = np.clip(o, epsilon, 1 - epsilon)
        return float(-(target * np.log(o) + (1 - target) * np.log1p(-o)).sum())
    return float("nan")

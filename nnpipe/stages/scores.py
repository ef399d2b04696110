"""Compare outputs to labels: accuracy, cross-entropy and the confusion matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.base import Array

MOST_COUNTED = 1000
"""The greatest number of classes with a confusion matrix."""

MOST_SHOWN = 50
"""The greatest number of classes with a confusion matrix in the manifest."""


def predict(activation: str, outputs: Array) -> NDArray[np.int64]:
    """Return the class of each sample.

    Parameters
    ----------
    activation : str
        The activation of the last layer.
    outputs : (samples, neurons)
        With one neuron the classes are 0 and 1, with a threshold of 0.5 for a sigmoid or a
        hard_sigmoid, and of 0 for any other activation. With more neurons the class is the first
        neuron with the greatest output.

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
    """Accuracy, cross-entropy and confusion matrix of all added samples.

    Parameters
    ----------
    activation : str
        The activation of the last layer.
    neurons : int
        The number of neurons of the last layer.

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
        self._correct = 0
        self._cross_entropy = 0.0

    def add(self, outputs: Array, labels: NDArray[np.int64]) -> None:
        """Add a batch: outputs (samples, neurons) and labels (samples,), counted from 0."""
        predicted = predict(self.activation, outputs)
        if self.confusion is not None:
            np.add.at(self.confusion, (labels, predicted), 1)
        self._samples += len(labels)
        self._correct += int(np.count_nonzero(labels == predicted))
        self._cross_entropy += cross_entropy_sum(self.activation, outputs, labels)

    def merge(self, other: Scores) -> None:
        """Add the samples of another instance for the same network."""
        if self.confusion is not None and other.confusion is not None:
            self.confusion += other.confusion
        self._samples += other._samples
        self._correct += other._correct
        self._cross_entropy += other._cross_entropy

    def state(self) -> dict[str, Any]:
        """Return all attributes, ready for JSON."""
        counted = None if self.confusion is None else self.confusion.tolist()
        return {**vars(self), "confusion": counted}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the attributes that `state` returned for the same network."""
        if self.confusion is not None:
            self.confusion = np.array(state["confusion"], np.int64)
        self._samples = int(state["_samples"])
        # Version 0.1 stored the number under another name.
        self._correct = int(state["_correct" if "_correct" in state else "_right"])
        self._cross_entropy = float(state["_cross_entropy"])

    def values(self) -> dict[str, Any]:
        """Return accuracy (0 to 1), cross_entropy (nats per sample, or None) and confusion_matrix.

        The confusion matrix is a list of rows. It is left out for more than 50 classes.
        """
        mean = self._cross_entropy / self._samples
        found: dict[str, Any] = {
            "accuracy": self._correct / self._samples,
            "cross_entropy": None if np.isnan(mean) else mean,
        }
        if self.confusion is not None and len(self.confusion) <= MOST_SHOWN:
            found["confusion_matrix"] = self.confusion.tolist()
        return found


def cross_entropy_sum(activation: str, outputs: Array, labels: NDArray[np.int64]) -> float:
    """Return the sum of the cross-entropies of samples, in nats, or NaN if it is not defined.

    It depends on the activation of the last layer:

    - `softmax`: -ln of the label's output.
    - `sigmoid`: the binary cross-entropy against the one-hot label, summed over the neurons. With
      one neuron, the binary cross-entropy against the label itself.
    - `linear`: the cross-entropy of the softmax of the outputs.

    Other activations, and a single neuron of softmax or linear, give no probabilities and thus no
    cross-entropy. Outputs are clipped to at least one machine epsilon of the dtype away from 0 and
    1, so that one certain but wrong prediction does not make the mean infinite.

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

"""Judge the network on samples with labels: those for a test, if there are any."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.base import Array
from nnpipe.sources.input import Input, read_targets
from nnpipe.stages.base import StageContext
from nnpipe.stages.calibration import Calibration
from nnpipe.stages.errors import Errors
from nnpipe.stages.execution import execute
from nnpipe.stages.scores import Scores, predict
from nnpipe.stages.several_labels import SeveralLabels

TOP = (2, 3, 5)


def evaluate(context: StageContext) -> None:
    """Add `evaluation` to the metrics, and write /evaluation/... for each class and each bin.

    It is done on `test`; without one on `validation`, and without that on the input itself.
    Real targets are judged by their errors; of sigmoids, each by itself; of a softmax, as the
    label with the greatest target.
    """
    name, data = judged(context)
    activation, outputs = context.network.layers[-1].activation, context.network.outputs
    real = read_targets(data.source, 0, 0)
    if real is None or real.ndim == 1 or activation == "softmax":
        judge = Classes(activation, outputs)
    else:
        judge = SeveralLabels(outputs) if activation == "sigmoid" else Errors(outputs)
    context.progress.begin("evaluate", data.samples)
    try:
        samples = [range(data.samples)]
        with closing(execute(context, data, samples, targets=read_targets)) as batches:
            for batch in batches:
                targets = batch.targets
                assert targets is not None
                if isinstance(judge, Classes) and targets.ndim > 1:
                    targets = targets.argmax(axis=1)
                judge.add(batch.outputs, targets)
                context.progress.advance(len(batch.outputs))
    finally:
        context.progress.end()
    context.metrics["evaluation"] = {"input": name, "samples": data.samples, **judge.values()}
    if isinstance(judge, Classes):
        for path, (values, dims, title) in judge.datasets().items():
            path = f"evaluation/{path}"
            context.sink.create(path, values.shape, values.dtype, dims, title)
            context.sink.write(path, 0, values)


class Classes:
    """Scores, ranks and calibration of the samples added so far, by their labels.

    Parameters
    ----------
    activation : str
        The last layer's.
    neurons : int
        The last layer's.
    """

    def __init__(self, activation: str, neurons: int) -> None:
        self._activation, self._neurons = activation, neurons
        self._scores = Scores(activation, neurons)
        self._calibration = Calibration() if activation in ("softmax", "sigmoid") else None
        self._top = {k: 0 for k in TOP if k < neurons}
        self._samples = 0

    def add(self, outputs: Array, labels: NDArray[np.int64]) -> None:
        """Take in a batch: outputs (samples, neurons) and labels (samples,)."""
        self._samples += len(labels)
        self._scores.add(outputs, labels)
        if self._calibration is not None:
            self._calibration.add(outputs, predict(self._activation, outputs) == labels)
        if self._top:
            own = outputs[np.arange(len(outputs)), labels][:, np.newaxis]
            # Of equal outputs the first is ranked first, as argmax has it.
            first = np.less(np.arange(self._neurons), labels[:, np.newaxis])
            rank = np.count_nonzero((outputs > own) | ((outputs == own) & first), axis=1)
            for k in self._top:
                self._top[k] += int(np.count_nonzero(rank < k))

    def values(self) -> dict[str, Any]:
        """Return accuracy, cross-entropy, top_2, top_3 and top_5, calibration error and F1."""
        found = self._scores.values()
        values: dict[str, Any] = {
            "accuracy": found["accuracy"],
            "cross_entropy": found["cross_entropy"],
            **{f"top_{k}": count / self._samples for k, count in self._top.items()},
        }
        if self._calibration is not None:
            values["calibration_error"] = self._calibration.error
        if self._scores.confusion is not None:
            values["f1"] = float(by_class(self._scores.confusion)["f1"].mean())
        return values

    def datasets(self) -> dict[str, tuple[NDArray[Any], tuple[str, ...], str]]:
        """Return arrays by name, each with its dimensions and its title."""
        found: dict[str, tuple[NDArray[Any], tuple[str, ...], str]] = {}
        calibration, confusion = self._calibration, self._scores.confusion
        if calibration is not None:
            found["calibration_samples"] = (calibration.counts, ("bin",), "Samples by confidence")
            found["calibration_right"] = (calibration.right, ("bin",), "Right ones by confidence")
        if confusion is not None:
            dims = ("label", "predicted")
            found["confusion_matrix"] = (confusion, dims, "Samples by label and prediction")
            for score, values in by_class(confusion).items():
                found[score] = (values, ("label",), f"{score.capitalize()} of each class")
        return found


def judged(context: StageContext) -> tuple[str, Input]:
    """Return the samples that the network is judged on, and the config key they come from."""
    if context.test is not None:
        return "test", context.test
    if context.validation is not None:
        return "validation", context.validation
    return "input", context.input


def by_class(confusion: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return precision, recall and F1 of each class; 0 where there is nothing to divide by.

    >>> by_class(np.array([[8, 2], [0, 0]]))["recall"]
    array([0.8, 0. ])
    """
    right = np.diag(confusion).astype(np.float64)
    predicted, labelled = confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        "precision": right / np.maximum(predicted, 1),
        "recall": right / np.maximum(labelled, 1),
        "f1": 2 * right / np.maximum(predicted + labelled, 1),
    }

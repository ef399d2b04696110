"""Judge the network on samples with labels: those for a test, if there are any."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.sources.input import Input
from nnpipe.stages.base import Work, batch_rows
from nnpipe.stages.calibration import Calibration
from nnpipe.stages.scores import Scores, predict

TOP = (2, 3, 5)


def evaluate(work: Work) -> None:
    """Add the figures `evaluation`, and write /evaluation/... for each class and each bin.

    It is done on `test`; without one on `validation`, and without that on the input itself.
    """
    name, data = judged(work)
    last = work.network.layers[-1]
    scores = Scores(last.activation, work.network.outputs)
    calibration = Calibration() if last.activation in ("softmax", "sigmoid") else None
    top = {k: 0 for k in TOP if k < work.network.outputs}
    engine = work.engine(work.network)
    rows = batch_rows(work.config, work.network)
    work.progress.begin("evaluate", data.samples)
    try:
        for batch in data.batches(rows):
            assert batch.labels is not None
            outputs, _ = engine.forward(batch.x)
            scores.add(outputs, batch.labels)
            if calibration is not None:
                calibration.add(outputs, predict(last.activation, outputs) == batch.labels)
            if top:
                own = outputs[np.arange(len(outputs)), batch.labels][:, np.newaxis]
                rank = np.count_nonzero(outputs > own, axis=1)
                for k in top:
                    top[k] += int(np.count_nonzero(rank < k))
            work.progress.advance(len(batch.x))
    finally:
        work.progress.end()

    found = scores.figures()
    confusion = scores.confusion
    figures: dict[str, Any] = {
        "input": name,
        "samples": data.samples,
        "accuracy": found["accuracy"],
        "cross_entropy": found["cross_entropy"],
        **{f"top_{k}": count / data.samples for k, count in top.items()},
    }
    if calibration is not None:
        figures["calibration_error"] = calibration.error
        _write(work, "calibration_samples", calibration.counts, ("bin",), "Samples by confidence")
        _write(work, "calibration_right", calibration.right, ("bin",), "Right ones by confidence")
    if confusion is not None:
        classes = by_class(confusion)
        figures["f1"] = float(classes["f1"].mean())
        _write(work, "confusion_matrix", confusion, ("label", "predicted"), "Samples by class")
        for score, values in classes.items():
            _write(work, score, values, ("label",), f"{score.capitalize()} of each class")
    work.figures["evaluation"] = figures


def judged(work: Work) -> tuple[str, Input]:
    """Return the samples that the network is judged on, and the config key they come from."""
    if work.test is not None:
        return "test", work.test
    if work.validation is not None:
        return "validation", work.validation
    return "input", work.input


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


def _write(work: Work, name: str, values: NDArray[Any], dims: tuple[str, ...], title: str) -> None:
    path = f"evaluation/{name}"
    work.sink.create(path, values.shape, values.dtype, dims, title)
    work.sink.write(path, 0, values)

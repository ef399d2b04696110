"""Scores of the evaluation against scikit-learn, and by hand."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from nnpipe.stages.calibration import Calibration

import nnpipe
from nnpipe.stages.evaluate import Classes


@pytest.fixture
def judged(tmp_path):
    """Return a run that evaluates an untrained network on labels of chance, and the labels."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 6, 500)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"], file["y"] = generator.normal(size=(500, 4)), labels
    run = nnpipe.run(
        {
            "input": {"path": tmp_path / "x.h5", "dataset": "/x", "labels": "/y"},
            "architecture": {"sizes": [6], "activation": "softmax"},
            "pipeline": {"stages": ["evaluate", "infer"]},
            "output": {"root": tmp_path / "outputs"},
        }
    )
    return run, labels


def test_scores_are_those_of_scikit_learn(judged):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")
    run, labels = judged
    outputs = run.outputs[()]
    predicted = outputs.argmax(axis=1)
    found, stored = run.manifest.metrics["evaluation"], run.results["evaluation"]
    assert found["accuracy"] == metrics.accuracy_score(labels, predicted)
    assert found["cross_entropy"] == pytest.approx(metrics.log_loss(labels, outputs), rel=1e-6)
    for k in (2, 3, 5):
        assert found[f"top_{k}"] == metrics.top_k_accuracy_score(labels, outputs, k=k)
    scores = metrics.precision_recall_fscore_support(labels, predicted, zero_division=0)
    for name, expected in zip(("precision", "recall", "f1"), scores, strict=False):
        np.testing.assert_allclose(stored[name][()], expected, rtol=1e-12)
    assert found["f1"] == pytest.approx(np.mean(scores[2]), rel=1e-12)
    np.testing.assert_array_equal(
        stored["confusion_matrix"][()], metrics.confusion_matrix(labels, predicted)
    )


def test_of_equal_outputs_the_first_is_ranked_first():
    outputs, labels = np.full((6, 6), 1 / 6), np.arange(6)
    classes = Classes("softmax", 6)
    classes.add(outputs, labels)
    metrics = classes.values()
    assert metrics["accuracy"] == 1 / 6
    assert [metrics[f"top_{k}"] for k in (2, 3, 5)] == [2 / 6, 3 / 6, 5 / 6]


def test_the_calibration_error_is_that_of_its_definition(judged):
    run, labels = judged
    outputs = run.outputs[()].astype(np.float64)
    confidence, right = outputs.max(axis=1), outputs.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * gap
    found = run.manifest.metrics["evaluation"]["calibration_error"]
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_network_that_is_right_as_often_as_it_is_sure_has_no_calibration_error():
    calibration = Calibration()
    outputs = np.tile([0.75, 0.25], (8, 1))
    calibration.add(outputs, np.array([True, True, True, False] * 2))
    assert calibration.error == 0
    calibration.add(outputs, np.zeros(8, np.bool_))
    assert calibration.error == 0.375

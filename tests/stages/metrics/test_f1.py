"""F1, precision, recall and the confusion matrix against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from nnpipe.stages.metrics.base import Task
from tests.stages.metrics.judging import cases, judged, new

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")


@given(cases("classes", "softmax", least=2))
def test_the_scores_of_each_class_are_those_of_scikit_learn(case):
    task, outputs, labels, cut = case
    predicted, classes = outputs.argmax(axis=1), range(task.outputs)
    metric = judged("f1", task, outputs, labels, cut)
    scores = metrics.precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=0
    )
    stored = metric.datasets()
    for name, expected in zip(("precision", "recall", "f1"), scores, strict=False):
        np.testing.assert_allclose(stored[name][0], expected, rtol=1e-12)
    assert metric.value() == pytest.approx(np.mean(scores[2]), rel=1e-12)
    np.testing.assert_array_equal(
        stored["confusion_matrix"][0], metrics.confusion_matrix(labels, predicted, labels=classes)
    )


@given(cases("labels", "sigmoid"))
def test_the_mean_over_labels_is_the_macro_average_of_scikit_learn(case):
    task, outputs, wanted, cut = case
    # With one column scikit-learn would take it for classes.
    columns = [
        metrics.f1_score(yes, found, zero_division=0)
        for yes, found in zip(wanted.T.astype(int), (outputs.T >= 0.5).astype(int), strict=True)
    ]
    found = judged("f1", task, outputs, wanted, cut).value()
    assert found == pytest.approx(np.mean(columns), rel=1e-12, abs=1e-12)


def test_one_sigmoid_neuron_has_two_classes():
    task, outputs = Task("classes", "sigmoid", 1), np.array([[0.9], [0.2], [0.6]])
    metric = judged("f1", task, outputs, np.array([1, 0, 0]))
    assert metric.datasets()["confusion_matrix"][0].tolist() == [[1, 1], [0, 1]]
    assert metric.value() == pytest.approx(2 / 3)


def test_too_many_classes_are_not_judged():
    assert new("f1", Task("classes", "softmax", 1000)) is not None
    assert new("f1", Task("classes", "softmax", 1001)) is None

"""The cross-entropy of the evaluation against scikit-learn; its formulas are in test_scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from nnpipe.stages.metrics.base import Task
from tests.stages.metrics.judging import cases, judged

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")


@given(cases("classes", "softmax", least=2))
def test_the_mean_over_a_softmax_is_that_of_scikit_learn(case):
    task, outputs, labels, cut = case
    p = outputs.astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    expected = metrics.log_loss(labels, p, labels=range(task.outputs))
    found = judged("cross_entropy", task, outputs, labels, cut).value()
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_outputs_that_are_no_probabilities_have_none():
    task, outputs = Task("classes", "tanh", 2), np.array([[0.1, 0.9]])
    assert judged("cross_entropy", task, outputs, np.array([1])).value() is None

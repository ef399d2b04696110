"""Top-k accuracy against scikit-learn, and the rank of equals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.stages.metrics import METRICS
from nnpipe.stages.metrics.base import Task
from tests.stages.metrics.judging import cases, judged, new


@given(cases("classes", "softmax", least=3), st.integers(1, 5))
def test_the_share_is_that_of_scikit_learn(case, k):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")
    task, outputs, labels, cut = case
    k = min(k, task.outputs - 1)
    expected = metrics.top_k_accuracy_score(labels, outputs, k=k, labels=range(task.outputs))
    assert judged("top_k", task, outputs, labels, cut, k=k).value() == expected


def test_of_equal_outputs_the_first_is_ranked_first():
    task, outputs = Task("classes", "softmax", 6), np.full((6, 6), 1 / 6)
    found = [judged("top_k", task, outputs, np.arange(6), k=k).value() for k in (2, 3, 5)]
    assert found == [2 / 6, 3 / 6, 5 / 6]


def test_no_more_classes_than_k_are_not_judged():
    assert new("top_k", Task("classes", "softmax", 5), k=5) is None
    assert new("top_k", Task("classes", "softmax", 6), k=5) is not None


def test_its_name_says_k():
    chosen = METRICS.choice("top_k", k=3)
    assert chosen.of.label(chosen.options) == "top_3"

"""Accuracy against scikit-learn, over classes and over several labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from nnpipe.stages.metrics.base import Task
from tests.stages.metrics.judging import cases, judged

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")


@given(cases("classes", "softmax", least=2))
def test_the_share_of_classes_is_that_of_scikit_learn(case):
    task, outputs, labels, cut = case
    expected = metrics.accuracy_score(labels, outputs.argmax(axis=1))
    assert judged("accuracy", task, outputs, labels, cut).value() == expected


@given(cases("labels", "sigmoid"))
def test_a_sample_is_correct_if_every_label_is(case):
    task, outputs, wanted, cut = case
    # Scikit-learn calls it the subset accuracy.
    expected = metrics.accuracy_score(wanted.astype(int), (outputs >= 0.5).astype(int))
    assert judged("accuracy", task, outputs, wanted, cut).value() == expected


def test_an_output_of_one_half_is_a_yes():
    task, outputs = Task("labels", "sigmoid", 2), np.array([[0.5, 0.49]])
    assert judged("accuracy", task, outputs, np.array([[1.0, 0.0]])).value() == 1
    assert judged("accuracy", task, outputs, np.array([[0.0, 0.0]])).value() == 0


def test_of_equal_outputs_the_first_is_the_class():
    task, outputs = Task("classes", "softmax", 6), np.full((6, 6), 1 / 6)
    assert judged("accuracy", task, outputs, np.arange(6)).value() == 1 / 6

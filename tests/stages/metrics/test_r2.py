"""The coefficient of determination against scikit-learn, and where it is not defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given

from nnpipe.stages.metrics.base import Task
from tests.stages.metrics.judging import cases, judged


@given(cases("numbers", "linear"))
def test_the_mean_over_outputs_is_that_of_scikit_learn(case):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")
    task, outputs, targets, cut = case
    assume(len(targets) > 1)
    expected = metrics.r2_score(targets, outputs.astype(np.float64))
    assert judged("r2", task, outputs, targets, cut).value() == pytest.approx(expected, rel=1e-9)


def test_an_output_whose_targets_do_not_vary_is_left_out():
    targets = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    outputs = np.array([[0.0, 0.0], [5.0, 1.0], [1.0, 1.0]])
    assert judged("r2", Task("numbers", "linear", 2), outputs, targets).value() == 0.5


def test_targets_that_do_not_vary_at_all_have_none():
    task = Task("numbers", "linear", 1)
    assert judged("r2", task, np.ones((3, 1)), np.full((3, 1), 2.0)).value() is None

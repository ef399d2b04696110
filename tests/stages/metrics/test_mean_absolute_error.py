"""The mean of the absolute errors against scikit-learn."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.stages.metrics.judging import cases, judged

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")


@given(cases("numbers", "linear"))
def test_the_mean_over_samples_and_outputs_is_that_of_scikit_learn(case):
    task, outputs, targets, cut = case
    expected = metrics.mean_absolute_error(targets, outputs.astype("float64"))
    found = judged("mean_absolute_error", task, outputs, targets, cut).value()
    assert found == pytest.approx(expected, rel=1e-12)

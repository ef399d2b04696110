"""The share of labels that are right against scikit-learn's Hamming loss."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.stages.metrics.judging import cases, judged

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")


@given(cases("labels", "sigmoid"))
def test_the_share_of_labels_is_one_less_the_hamming_loss(case):
    task, outputs, wanted, cut = case
    loss = metrics.hamming_loss(wanted.astype(int), (outputs >= 0.5).astype(int))
    found = judged("label_accuracy", task, outputs, wanted, cut).value()
    assert found == pytest.approx(1 - loss, rel=1e-12, abs=1e-12)

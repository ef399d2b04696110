"""The expected calibration error against its definition, by hand, and with scikit-learn's bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from nnpipe.stages.metrics.base import Task
from tests.stages.metrics.judging import cases, judged, new


@given(cases("classes", "softmax", least=2))
def test_it_is_that_of_its_definition(case):
    # Guo et al. 2017, equation 3: Σ |bin| / n · |accuracy(bin) - confidence(bin)|.
    task, outputs, labels, cut = case
    confidence, right = outputs.max(axis=1).astype(np.float64), outputs.argmax(axis=1) == labels
    number = np.ceil(confidence * 15)
    expected = 0.0
    for inside in (number == bin for bin in range(1, 16)):
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    found = judged("calibration_error", task, outputs, labels, cut).value()
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_its_bins_are_those_of_scikit_learns_calibration_curve():
    calibration = pytest.importorskip("sklearn.calibration", reason="scikit-learn is the oracle")
    generator = np.random.default_rng(0)
    z = generator.normal(0, 2, (5000, 4))
    outputs = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels = generator.integers(0, 4, 5000)
    metric = judged("calibration_error", Task("classes", "softmax", 4), outputs, labels, [1, 999])
    confidence, right = outputs.max(axis=1), outputs.argmax(axis=1) == labels
    accuracies, confidences = calibration.calibration_curve(right, confidence, n_bins=15)
    samples, correct = (values for values, _, _ in metric.datasets().values())
    there = samples > 0
    np.testing.assert_allclose(correct[there] / samples[there], accuracies, rtol=1e-12)
    expected = (samples[there] * np.abs(accuracies - confidences)).sum() / 5000
    assert metric.value() == pytest.approx(expected, rel=1e-9)


def test_a_network_that_is_right_as_often_as_it_is_sure_has_none():
    outputs, labels = np.tile([0.75, 0.25], (8, 1)), np.array([0, 0, 0, 1] * 2)
    metric = judged("calibration_error", Task("classes", "softmax", 2), outputs, labels)
    assert metric.value() == 0
    metric.add(outputs, np.ones(8, np.int64))
    assert metric.value() == 0.375


def test_one_sigmoid_neuron_is_as_sure_of_a_no_as_of_a_yes():
    outputs = np.array([[0.25], [0.75], [0.25], [0.75]])
    metric = judged(
        "calibration_error", Task("classes", "sigmoid", 1), outputs, np.array([0, 1, 1, 1])
    )
    assert metric.value() == 0


def test_a_confidence_at_the_end_of_a_bin_belongs_to_it():
    outputs = np.array([[0.0], [0.6], [1.0]])
    metric = judged(
        "calibration_error", Task("classes", "sigmoid", 1), outputs, np.array([0, 1, 1])
    )
    samples, _, _ = metric.datasets()["calibration_samples"]
    assert np.flatnonzero(samples).tolist() == [8, 14]


def test_outputs_that_are_no_probabilities_are_not_judged():
    assert new("calibration_error", Task("classes", "tanh", 3)) is None
    assert new("calibration_error", Task("classes", "linear", 3)) is None


def test_an_output_that_is_no_number_leaves_it_open_and_raises_no_warning():
    outputs = np.array([[0.75, 0.25], [np.nan, np.nan], [0.5, 0.5]])
    labels = np.array([0, 1, 1])
    metric = judged("calibration_error", Task("classes", "softmax", 2), outputs, labels)
    assert metric.value() is None
    samples, _ = (values for values, _, _ in metric.datasets().values())
    assert samples.sum() == 3

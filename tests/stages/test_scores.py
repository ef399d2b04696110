"""Accuracy, cross-entropy and the confusion matrix against their formulas, sample by sample."""

import math

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnpipe
from nnpipe.stages.scores import Scores, predict


def judged(activation, outputs, labels, cut=None):
    scores = Scores(activation, outputs.shape[1])
    for part in np.split(np.arange(len(outputs)), cut or []):
        scores.add(outputs[part], labels[part])
    return scores


def log_loss(outputs, labels, epsilon):
    """Scikit-learn's definition: -1/N sum_i ln p(i, label of i), p clipped to [eps, 1 - eps]."""
    clipped = [[min(max(p, epsilon), 1 - epsilon) for p in row] for row in outputs.tolist()]
    return -math.fsum(math.log(row[k]) for row, k in zip(clipped, labels, strict=True)) / len(
        labels
    )


def binary_loss(p, target, epsilon):
    p = min(max(p, epsilon), 1 - epsilon)
    return -math.log(p) if target else -math.log(1 - p)


@st.composite
def judgements(draw, least=1):
    """Draw outputs before any activation, (samples, neurons), their labels, and a place to cut."""
    samples, neurons = draw(st.integers(1, 30)), draw(st.integers(least, 6))
    z = np.random.default_rng(draw(st.integers(0, 2**32))).normal(0, 3, (samples, neurons))
    labels = draw(st.lists(st.integers(0, max(neurons, 2) - 1), min_size=samples, max_size=samples))
    return z, np.array(labels), [draw(st.integers(0, samples))]


@given(judgements(), st.sampled_from(["softmax", "sigmoid", "linear", "tanh"]))
def test_accuracy_and_confusion_matrix_are_counts_over_the_samples(judgement, activation):
    outputs, labels, cut = judgement
    scores = judged(activation, outputs, labels, cut)
    predicted = predict(activation, outputs)
    classes = max(outputs.shape[1], 2)
    counted = [
        [sum((labels == i) & (predicted == j)) for j in range(classes)] for i in range(classes)
    ]
    metrics = scores.values()
    assert metrics["confusion_matrix"] == counted
    assert metrics["accuracy"] == sum(labels == predicted) / len(labels)
    np.testing.assert_array_equal(scores.confusion, counted)


@given(judgements(least=2))
def test_softmax_is_judged_by_the_log_of_the_labels_output(judgement):
    z, labels, cut = judgement
    outputs = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    found = judged("softmax", outputs, labels, cut).values()["cross_entropy"]
    assert found == pytest.approx(log_loss(outputs, labels, 2**-52), rel=1e-12)


@given(judgements(least=2))
def test_linear_outputs_are_judged_as_the_softmax_of_them(judgement):
    z, labels, cut = judgement
    softmax = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    found = judged("linear", z, labels, cut).values()["cross_entropy"]
    assert found == pytest.approx(log_loss(softmax, labels, 2**-1000), rel=1e-9)


@given(judgements())
def test_sigmoid_neurons_are_judged_each_against_the_one_hot_label(judgement):
    z, labels, cut = judgement
    outputs = 1 / (1 + np.exp(-z))
    found = judged("sigmoid", outputs, labels, cut).values()["cross_entropy"]
    single = outputs.shape[1] == 1
    wanted = math.fsum(
        binary_loss(p, label if single else neuron == label, 2**-52)
        for row, label in zip(outputs.tolist(), labels, strict=True)
        for neuron, p in enumerate(row)
    )
    assert found == pytest.approx(wanted / len(labels), rel=1e-12)


def test_a_single_sigmoid_neuron_divides_the_classes_at_one_half():
    outputs = np.array([[0.2], [0.5], [0.8], [0.4]])
    metrics = judged("sigmoid", outputs, np.array([0, 1, 0, 1])).values()
    wanted = -(math.log(0.8) + math.log(0.5) + math.log(0.2) + math.log(0.4)) / 4
    assert metrics["cross_entropy"] == pytest.approx(wanted)
    assert metrics["accuracy"] == 0.5
    assert metrics["confusion_matrix"] == [[1, 1], [1, 1]]


def test_a_single_neuron_of_another_activation_divides_the_classes_at_zero():
    outputs = np.array([[-0.1], [0.0], [0.3]])
    assert predict("linear", outputs).tolist() == [0, 1, 1]
    assert predict("tanh", outputs).tolist() == [0, 1, 1]


@pytest.mark.parametrize("activation", ["sigmoid", "hard_sigmoid"])
def test_a_single_neuron_between_zero_and_one_divides_the_classes_in_the_middle(activation):
    outputs = np.array([[0.0], [0.49], [0.5], [1.0]])
    assert predict(activation, outputs).tolist() == [0, 0, 1, 1]


def test_the_first_of_equal_outputs_is_the_prediction():
    assert predict("softmax", np.array([[0.2, 0.4, 0.4], [0.5, 0.5, 0.0]])).tolist() == [1, 0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("activation", "neurons"), [("softmax", 1), ("sigmoid", 2)])
def test_a_wrong_certainty_costs_the_log_of_the_dtypes_epsilon(dtype, activation, neurons):
    outputs = np.array([[1, 0]], dtype)
    found = judged(activation, outputs, np.array([1])).values()["cross_entropy"]
    # Of two sigmoid neurons both are wrong.
    wanted = -neurons * math.log(np.finfo(dtype).eps)
    assert found == pytest.approx(wanted, rel=1e-6)


def test_a_right_certainty_costs_nothing():
    assert judged("softmax", np.array([[0.0, 1.0]]), np.array([1])).values()["cross_entropy"] == 0


def test_great_linear_outputs_do_not_overflow():
    outputs = np.array([[1e30, 0.0], [-1e30, 1e30]], np.float32)
    found = judged("linear", outputs, np.array([0, 0])).values()["cross_entropy"]
    assert found == pytest.approx(1e30, rel=1e-6)


@pytest.mark.parametrize(
    ("activation", "outputs"),
    [("relu", [0.1, 0.9]), ("tanh", [0.1, 0.9]), ("linear", [0.9]), ("softmax", [1.0])],
)
def test_outputs_that_are_no_probabilities_have_no_cross_entropy(activation, outputs):
    metrics = judged(activation, np.array([outputs]), np.array([1])).values()
    assert metrics["cross_entropy"] is None
    assert metrics["accuracy"] == 1


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "linear"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_outputs_that_are_not_finite_are_judged_without_a_warning(activation, value):
    metrics = judged(activation, np.array([[value, 0.5], [0.5, 0.5]]), np.array([0, 0])).values()
    assert metrics["confusion_matrix"] == [[2, 0], [0, 0]]
    if math.isnan(value):
        assert metrics["cross_entropy"] is None


@pytest.mark.parametrize(
    ("classes", "shown", "counted"),
    [(50, True, True), (51, False, True), (1000, False, True), (1001, False, False)],
)
def test_many_classes_have_no_confusion_matrix_among_the_metrics(classes, shown, counted):
    outputs = np.zeros((2, classes))
    outputs[:, classes - 1] = 1
    scores = judged("softmax", outputs, np.array([classes - 1, 0]))
    metrics = scores.values()
    assert metrics["accuracy"] == 0.5
    assert ("confusion_matrix" in metrics) is shown
    if counted:
        assert np.argwhere(scores.confusion).tolist() == [[0, classes - 1], [classes - 1] * 2]
    else:
        assert scores.confusion is None


@pytest.mark.parametrize(
    ("neurons", "shown", "stored"), [(3, True, True), (51, False, True), (1001, False, False)]
)
def test_a_run_stores_the_confusion_matrix_that_its_classes_allow(tmp_path, neurons, shown, stored):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.random.default_rng(0).normal(size=(20, 4))
        file["y"] = np.arange(20) % 3
    run = nnpipe.run(
        {
            "architecture": {"sizes": [neurons], "activation": "softmax"},
            "input": {"path": str(tmp_path / "data.h5"), "dataset": "/x", "labels": "/y"},
            "output": {"root": str(tmp_path / "outputs"), "predictions": True},
        }
    )
    metrics = run.manifest.metrics
    with h5py.File(run.path / "results.h5") as file:
        predicted = file["predictions"][:]
        assert ("confusion_matrix" in file) is stored
        matrix = file["confusion_matrix"][:] if stored else None
    run.close()
    labels = np.arange(20) % 3
    assert metrics["accuracy"] == np.mean(predicted == labels)
    assert ("confusion_matrix" in metrics) is shown
    if matrix is not None:
        assert matrix.shape == (neurons, neurons)
        assert matrix.sum() == 20
        assert np.trace(matrix) == np.sum(predicted == labels)
    if shown:
        assert metrics["confusion_matrix"] == matrix.tolist()

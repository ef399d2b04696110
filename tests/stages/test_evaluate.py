"""The evaluation of a whole run: its numbers against scikit-learn, and what it leaves."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import nnpipe


@pytest.fixture
def data(tmp_path):
    """Return a file of samples, labels, one-hot labels, several labels and numbers of chance."""
    generator = np.random.default_rng(0)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"], file["y"] = generator.normal(size=(500, 4)), generator.integers(0, 6, 500)
        file["hot"] = np.eye(6)[file["y"][()]]
        file["labels"] = generator.integers(0, 2, (500, 6))
        file["numbers"] = generator.normal(size=(500, 6))
    return tmp_path / "x.h5"


def evaluated(data, activation="softmax", stage="evaluate", **wanted):
    """Return a run that evaluates an untrained network."""
    return nnpipe.run(
        {
            "input": {"path": data, "dataset": "/x", **(wanted or {"labels": "/y"})},
            "architecture": {"sizes": [6], "activation": activation},
            "pipeline": {"stages": [stage, "infer"]},
            "output": {"root": data.parent / "outputs", "report": False},
        }
    )


def stored(data, name):
    with h5py.File(data) as file:
        return file[name][()]


def test_scores_are_those_of_scikit_learn(data):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")
    run, labels = evaluated(data), stored(data, "y")
    outputs = run.outputs[()]
    predicted = outputs.argmax(axis=1)
    found, kept = run.manifest.metrics["evaluation"], run.results["evaluation"]
    assert (found["input"], found["samples"]) == ("input", 500)
    assert found["accuracy"] == metrics.accuracy_score(labels, predicted)
    assert found["cross_entropy"] == pytest.approx(metrics.log_loss(labels, outputs), rel=1e-6)
    for k in (2, 3, 5):
        assert found[f"top_{k}"] == metrics.top_k_accuracy_score(labels, outputs, k=k)
    scores = metrics.precision_recall_fscore_support(labels, predicted, zero_division=0)
    for name, expected in zip(("precision", "recall", "f1"), scores, strict=False):
        np.testing.assert_allclose(kept[name][()], expected, rtol=1e-12)
    assert found["f1"] == pytest.approx(np.mean(scores[2]), rel=1e-12)
    np.testing.assert_array_equal(
        kept["confusion_matrix"][()], metrics.confusion_matrix(labels, predicted)
    )


def test_the_calibration_error_is_that_of_its_definition(data):
    run, labels = evaluated(data), stored(data, "y")
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


def test_the_targets_of_a_softmax_are_judged_as_their_greatest(data):
    by_label, by_target = evaluated(data).results, evaluated(data, targets="/hot").results
    for name, values in by_label["evaluation"].items():
        np.testing.assert_array_equal(values[()], by_target["evaluation"][name][()])


def test_the_several_labels_of_sigmoids_are_judged_each_by_itself(data):
    run, wanted = evaluated(data, "sigmoid", targets="/labels"), stored(data, "labels")
    found, right = run.manifest.metrics["evaluation"], (run.outputs[()] >= 0.5) == wanted
    assert list(found) == ["input", "samples", "accuracy", "label_accuracy", "f1"]
    assert found["accuracy"] == right.all(axis=1).mean()
    assert found["label_accuracy"] == pytest.approx(right.mean(), rel=1e-12)
    assert "evaluation" not in run.results


def test_numbers_are_judged_by_their_errors(data):
    run, wanted = evaluated(data, "linear", targets="/numbers"), stored(data, "numbers")
    found, error = run.manifest.metrics["evaluation"], run.outputs[()] - wanted
    assert list(found)[2:] == ["mean_squared_error", "mean_absolute_error", "r2"]
    assert found["mean_squared_error"] == pytest.approx(np.mean(error**2), rel=1e-12)
    assert found["mean_absolute_error"] == pytest.approx(np.mean(np.abs(error)), rel=1e-12)
    r2 = 1 - (error**2).sum(axis=0) / ((wanted - wanted.mean(axis=0)) ** 2).sum(axis=0)
    assert found["r2"] == pytest.approx(r2.mean(), rel=1e-12)


def test_metrics_that_a_config_names_are_measured_beside_the_usual_ones(data):
    stage = {"kind": "evaluate", "metrics": [{"kind": "top_k", "k": 4}, "accuracy"]}
    usual, more = evaluated(data), evaluated(data, stage=stage)
    found = dict(more.manifest.metrics["evaluation"])
    ranked = np.argsort(-more.outputs[()], axis=1)[:, :4] == stored(data, "y")[:, np.newaxis]
    assert found.pop("top_4") == ranked.any(axis=1).mean()
    assert found == usual.manifest.metrics["evaluation"]
    assert more.config["pipeline"]["stages"][0]["metrics"] == [
        {"kind": "top_k", "k": 4},
        "accuracy",
    ]


def test_a_metric_that_nobody_knows_is_refused_with_its_place(data):
    stage = {"kind": "evaluate", "metrics": ["acuracy"]}
    with pytest.raises(nnpipe.ConfigError, match="Did you mean 'accuracy'") as error:
        evaluated(data, stage=stage)
    assert str(error.value).startswith("pipeline.stages[0].metrics[0]: 'acuracy' is not a metric;")

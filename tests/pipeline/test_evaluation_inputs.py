"""Inputs beside the first one: each is opened, checked and named by its own key.

Modules: pipeline/plan.py.
"""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.errors import ConfigError, RunFailed
from nnpipe.pipeline.plan import make_plan


@pytest.fixture
def stored(tmp_path):
    """Return a function that stores samples and labels, and returns the options of an input."""

    def store(name, x, y=None, **more):
        path = tmp_path / f"{name}.h5"
        with h5py.File(path, "w") as file:
            file["x"] = x
            if y is not None:
                file["y"] = y
        labels = {} if y is None else {"labels": "/y"}
        return {"kind": "hdf5", "path": str(path), "dataset": "/x", **labels, **more}

    return store


@pytest.fixture
def config(stored, tmp_path):
    """Return a function that returns a config of a training with further inputs."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(40, 3)), generator.integers(0, 2, 40)

    def of(**inputs):
        return {
            "architecture": {"sizes": [4, 2], "output_activation": "softmax"},
            "input": stored("input", x, y),
            "training": {"epochs": 2, "batch_size": 8},
            "pipeline": {"stages": ["train", "evaluate"]},
            "output": {"root": str(tmp_path / "outputs"), "report": False},
            **inputs,
        }

    return of


def problems_of(config):
    with pytest.raises(ConfigError) as refused:
        make_plan(config)
    return list(refused.value.problems)


def holed(rows=12):
    x = np.random.default_rng(1).normal(size=(rows, 3))
    x[9, 1] = np.nan
    return x, np.zeros(rows, np.int64)


def test_every_input_is_checked_and_named_by_its_own_key(config, stored):
    validation = stored("validation", np.zeros((5, 2)), [0, 1, 0, 1, 0])
    test = stored("test", np.zeros((5, 3)), [0, 1, 0, 7, 0], rows={"start": 2})
    assert problems_of(config(validation=validation, test=test)) == [
        "validation: found 2 features; expected 3, as in input",
        "test.labels: found 7 in row 3; expected 0 to 1, one class for each output of the network.",
    ]


def test_a_stage_that_lacks_labels_names_the_input_that_has_none(config, stored):
    validation, test = stored("validation", np.zeros((5, 3))), stored("test", np.zeros((5, 3)))
    assert problems_of(config(validation=validation, test=test)) == [
        "validation.labels: missing; the stage train needs a label for each sample. "
        "Set validation.labels, or validation.targets.",
        "test.labels: missing; the stage evaluate needs a label for each sample. "
        "Set test.labels, or test.targets.",
    ]


def test_inputs_that_cannot_be_opened_are_all_reported_and_the_others_closed(
    config, stored, tmp_path
):
    validation = stored("validation", np.zeros((5, 3)), dataset="/z")
    test = {"kind": "npy", "path": str(tmp_path / "none.npy")}
    assert problems_of(config(validation=validation, test=test)) == [
        "validation.dataset: '/z' is not in validation.h5; it holds /x (5, 3) float64. "
        "Set validation.dataset to one of these.",
        f"test.path: {tmp_path / 'none.npy'} does not exist; expected a file.",
    ]
    descriptors = {f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")}
    opened = [os.readlink(path) for path in descriptors if os.path.islink(path)]
    assert [path for path in opened if path.startswith(str(tmp_path))] == []


@pytest.mark.parametrize(("key", "stage"), [("validation", "train"), ("test", "evaluate")])
def test_a_value_that_is_not_finite_ends_the_run_by_the_setting_of_its_own_input(
    config, stored, key, stage
):
    given = config(**{key: stored(key, *holed(), on_nonfinite="error")})
    with pytest.raises(RunFailed) as failed:
        nnpipe.run(given)
    assert failed.value.reason == (
        f"{key}.on_nonfinite: found nan in row 9, feature 1; expected finite numbers. "
        f"Clean the data, or set {key}.on_nonfinite=warn."
    )
    # That of the first input is its own.
    given["input"]["on_nonfinite"] = "error"
    given[key]["on_nonfinite"] = "warn"
    if stage == "train":
        with pytest.raises(RunFailed) as failed:
            nnpipe.run(given)
        assert failed.value.reason == (
            "training: found a loss of nan in epoch 1, batch 2 of the validation; the first "
            "numbers that are not finite are in the validation; expected finite numbers. "
            "Clean the data; validation.on_nonfinite=error names the sample."
        )
    else:
        with nnpipe.run(given) as run:
            found = run.metrics["evaluation"]
            assert (found["cross_entropy"], found["calibration_error"]) == (None, None)
            assert found["accuracy"] is not None


def test_what_was_done_to_the_input_is_done_to_the_others(config, stored):
    x, y = np.random.default_rng(2).normal(5, 3, (20, 3)), np.tile([0, 1], 10)
    given = config(test=stored("test", x, y))
    given["input"]["normalize"] = "standardize"
    with nnpipe.run(given) as run:
        scaling, network = run.normalization, run.network
        classes = network((x - scaling.offset) * scaling.factor).argmax(axis=1)
        found = run.metrics["evaluation"]
        assert found["accuracy"] == pytest.approx((classes == y).mean())


def test_the_manifest_names_the_files_of_every_input(config, stored):
    x, y = np.zeros((6, 3)), [0, 1, 0, 1, 0, 1]
    given = config(validation=stored("validation", x, y), test=stored("test", x, y))
    with nnpipe.run(given) as run:
        said = run.manifest.input
        assert said["paths"] == {"path": given["input"]["path"]}
        assert said["validation"]["paths"] == {"path": given["validation"]["path"]}
        assert said["test"]["paths"] == {"path": given["test"]["path"]}


def test_a_file_of_the_validation_that_changes_during_the_run_fails_it(config, stored, monkeypatch):
    given = config(validation=stored("validation", np.zeros((6, 3)), [0, 1, 0, 1, 0, 1]))
    path = given["validation"]["path"]
    save = nnpipe.pipeline.run.RunArtifacts.save

    def touch(self, *arguments):
        os.utime(path, ns=(0, 0))
        return save(self, *arguments)

    monkeypatch.setattr(nnpipe.pipeline.run.RunArtifacts, "save", touch)
    with pytest.raises(RunFailed) as failed:
        nnpipe.run(given)
    assert failed.value.reason.startswith(f"validation.path: {path} has changed since the run")


def test_a_metric_that_does_not_judge_the_targets_is_refused_before_anything_is_made(
    config, tmp_path
):
    metrics = ["accuracy", {"kind": "top_k", "k": 2}, "r2"]
    stages = ["train", {"kind": "evaluate", "metrics": metrics}]
    assert problems_of(config(pipeline={"stages": stages})) == [
        "pipeline.stages[1].metrics[1]: 'top_k' does not judge classes with 2 outputs of softmax. "
        "Leave it out.",
        "pipeline.stages[1].metrics[2]: 'r2' does not judge classes with 2 outputs of softmax. "
        "Leave it out.",
    ]
    assert not (tmp_path / "outputs").exists()

"""Training as a stage of the pipeline: what it learns, what it leaves, and how it goes on."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray

import nnpipe
from nnpipe.errors import ConfigError, RunFailed
from nnpipe.pipeline.rerun import rerun
from nnpipe.stages.base import Silence
from tests.conftest import ROOT

Config = dict[str, Any]


def changed(config: Config, **parts: Config) -> Config:
    """Return the config with some keys of some parts changed."""
    return config | {name: config.get(name, {}) | keys for name, keys in parts.items()}


class Stop(Silence):
    """Interrupts a run after a number of batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def advance(self, samples: int) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_network_learns_the_spirals(config: Config) -> None:
    with nnpipe.run(changed(config, training={"epochs": 60})) as run:
        assert run.manifest.metrics["accuracy"] > 0.97
        labels = np.arange(600) % 3
        assert (run.outputs[()].argmax(axis=1) == labels).mean() > 0.97
        with h5py.File(run.config["input"]["path"]) as file:
            x = file["x"][()]
        np.testing.assert_allclose(run.network(x), run.outputs[()], rtol=0, atol=1e-6)


def test_the_artifacts_are_listed_and_hold_the_best_and_the_last_parameters(config: Config) -> None:
    with nnpipe.run(config) as run:
        listed = set(run.manifest.artifacts)
        assert listed >= {"parameters.h5", "best.h5", "last.h5", "checkpoint.h5"}
        assert listed >= {"history.csv", "history.h5"}
        same = run.manifest.artifacts["best.h5"].sha256
        assert run.manifest.artifacts["parameters.h5"].sha256 == same
    with nnpipe.run(changed(config, training={"keep": "last"})) as run:
        same = run.manifest.artifacts["last.h5"].sha256
        assert run.manifest.artifacts["parameters.h5"].sha256 == same


def test_the_history_has_one_row_an_epoch_in_both_formats(config: Config) -> None:
    with nnpipe.run(config) as run, (run.path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5"]
        assert all(float(row["seconds"]) > 0 for row in rows)
        with xarray.open_dataset(run.path / "history.h5", engine="h5netcdf") as history:
            assert history["epoch"].values.tolist() == [1, 2, 3, 4, 5]
            for name in ("loss", "accuracy", "validation_loss", "learning_rate", "gradient_norm"):
                assert history[name].dims == ("epoch",)
                stored = [float(row[name]) for row in rows]
                np.testing.assert_array_equal(history[name].values, stored)
        best = int(np.argmin([float(row["validation_loss"]) for row in rows])) + 1
        assert run.manifest.metrics["training"]["best_epoch"] == best


def test_the_same_config_gives_the_same_bytes(config: Config) -> None:
    first, second = (nnpipe.run(config).manifest.artifacts for _ in range(2))
    for name in ("parameters.h5", "last.h5", "results.h5", "history.h5"):
        assert first[name] == second[name]


def test_another_seed_gives_another_network(config: Config) -> None:
    first, second = (nnpipe.run(config | {"seed": seed}).manifest.artifacts for seed in (0, 1))
    assert first["parameters.h5"] != second["parameters.h5"]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adadelta"])
def test_an_interrupted_training_goes_on_to_the_same_bytes(config: Config, optimizer: str) -> None:
    config = changed(config, training={"schedule": "cosine"})
    config["optimizer"] = {"kind": optimizer}
    whole = nnpipe.run(config)
    with pytest.raises(KeyboardInterrupt):
        # 540 samples are trained on in 17 batches an epoch: this is in the third.
        nnpipe.run(config, progress=Stop(40))
    stopped = whole.path.with_name("v0002")
    manifest = json.loads((stopped / "manifest.json").read_text())
    assert manifest["status"] == "interrupted"
    assert "checkpoint.h5" in manifest["artifacts"]
    resumed = nnpipe.run(changed(config, training={**config["training"], "resume": stopped}))
    for name in ("parameters.h5", "last.h5", "results.h5", "history.h5"):
        assert whole.manifest.artifacts[name] == resumed.manifest.artifacts[name]


def test_layers_without_neurons_are_of_the_training_and_none_of_the_network(config: Config) -> None:
    layers = {
        "drop0": {"kind": "dropout", "rate": 0.1},
        "hidden": {"neurons": 32, "activation": "tanh", "initializer": "glorot_normal"},
        "norm1": {"kind": "batch_norm"},
        "drop1": {"kind": "dropout", "rate": 0.4},
        "output": {"neurons": 3, "activation": "softmax", "initializer": "glorot_normal"},
    }
    plain = {name: layer for name, layer in layers.items() if "kind" not in layer}
    whole = nnpipe.run(config | {"architecture": {"layers": layers}})
    assert [layer.name for layer in whole.network.layers] == ["hidden", "output"]
    assert whole.config["architecture"]["layers"]["drop1"] == {"kind": "dropout", "rate": 0.4}
    outputs = whole.network(h5py.File(config["input"]["path"])["x"][()])
    np.testing.assert_allclose(outputs, whole.outputs[()], rtol=0, atol=1e-6)
    other = nnpipe.run(config | {"architecture": {"layers": plain}})
    name = "parameters.h5"
    assert whole.manifest.artifacts[name] != other.manifest.artifacts[name]

    stopped = nnpipe.run(
        changed(config, training={"epochs": 2}) | {"architecture": {"layers": layers}}
    )
    resumed = nnpipe.run(
        changed(config, training={**config["training"], "resume": stopped.path})
        | {"architecture": {"layers": layers}}
    )
    for name in ("parameters.h5", "last.h5", "history.h5"):
        assert whole.manifest.artifacts[name] == resumed.manifest.artifacts[name]


def test_a_training_that_reads_its_input_anew_each_epoch_goes_on_to_the_same_bytes(
    config: Config, tmp_path: Path
) -> None:
    generator = np.random.default_rng(5)
    with h5py.File(tmp_path / "wide.h5", "w") as file:
        file.create_dataset("x", data=generator.random((400, 1500), np.float32), chunks=(20, 1500))
        file["y"] = generator.integers(0, 3, 400)
    wide = {"path": tmp_path / "wide.h5"}
    config = changed(config, input=wide, training={"memory_mib": 1, "epochs": 3, "batch_size": 32})
    whole = nnpipe.run(config)
    with pytest.raises(KeyboardInterrupt):
        nnpipe.run(config, progress=Stop(20))
    stopped = whole.path.with_name("v0002")
    resumed = nnpipe.run(changed(config, training={**config["training"], "resume": stopped}))
    for name in ("parameters.h5", "last.h5", "results.h5", "history.h5"):
        assert whole.manifest.artifacts[name] == resumed.manifest.artifacts[name]


def test_a_killed_training_goes_on_to_the_same_bytes(config: Config, tmp_path: Path) -> None:
    script = """
import json, os, signal, sys
import nnpipe
from nnpipe.stages.base import Silence

class Kill(Silence):
    left = 60

    def advance(self, samples):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

nnpipe.run(json.loads(sys.argv[1]), progress=Kill())
"""
    given = json.dumps(config, default=str)
    whole = nnpipe.run(config)
    done = subprocess.run([sys.executable, "-c", script, given], cwd=ROOT, check=False)
    assert done.returncode == -9
    killed = whole.path.with_name("v0002")
    assert not (killed / "manifest.json").exists()
    resumed = nnpipe.run(changed(config, training={**config["training"], "resume": killed}))
    for name in ("parameters.h5", "last.h5", "results.h5", "history.h5"):
        assert whole.manifest.artifacts[name] == resumed.manifest.artifacts[name]


def test_a_training_does_not_go_on_with_another_optimizer(config: Config) -> None:
    done = nnpipe.run(config)
    config = changed(
        config, training={**config["training"], "resume": done.path}, optimizer={"kind": "adamw"}
    )
    with pytest.raises(ConfigError) as error:
        nnpipe.run(config)
    assert str(error.value) == (
        f"optimizer.kind: found 'adamw'; expected 'adam', as in {done.path}, "
        "which training.resume continues"
    )


@pytest.mark.parametrize("name", ["parameters", "best", "state/m", "statistics/norm"])
@pytest.mark.parametrize("stored", [None, np.float32(1), np.zeros(3, np.float32), "text"])
def test_a_training_does_not_go_on_from_a_checkpoint_that_was_altered(
    config: Config, name: str, stored: Any
) -> None:
    layers = {
        "hidden": {"neurons": 8},
        "norm": {"kind": "batch_norm"},
        "output": {"neurons": 3, "activation": "softmax"},
    }
    config = config | {"architecture": {"layers": layers}}
    run = nnpipe.run(config)
    with h5py.File(run.path / "checkpoint.h5", "a") as file:
        del file[name]
        if stored is not None:
            file[name] = stored
    if name == "best" and stored is None:
        return  # as before the first epoch that was validated
    resume = {**config["training"], "epochs": 6, "resume": run.path}
    with pytest.raises((ConfigError, RunFailed), match=r"training.resume: .* was altered\."):
        nnpipe.run(config | {"training": resume})


def test_a_complete_training_goes_on_for_more_epochs(config: Config) -> None:
    done = nnpipe.run(config)
    longer = changed(config, training={"epochs": 8, "batch_size": 32})
    resumed = nnpipe.run(changed(longer, training={**longer["training"], "resume": done.path}))
    assert resumed.manifest.metrics["training"]["epochs"] == 8
    whole = nnpipe.run(longer)
    name = "parameters.h5"
    assert whole.manifest.artifacts[name] == resumed.manifest.artifacts[name]


def test_a_resumed_training_is_made_again_from_any_folder(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nnpipe.run(config)
    monkeypatch.chdir(tmp_path)
    resume = {**config["training"], "epochs": 6, "resume": "outputs/default/latest"}
    resumed = nnpipe.run(config | {"training": resume})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    _, difference = rerun(resumed.path)
    assert difference.identical


def test_patience_ends_a_training_that_no_longer_improves(config: Config) -> None:
    config = changed(
        config, training={"epochs": 200, "patience": 2}, optimizer={"learning_rate": 0.5}
    )
    metrics = nnpipe.run(config).manifest.metrics["training"]
    assert metrics["epochs"] == metrics["best_epoch"] + 2 < 200


def test_a_validation_input_of_its_own_leaves_the_whole_input_for_training(
    config: Config, spirals: Path
) -> None:
    aside = {"kind": "hdf5", "path": spirals, "dataset": "/x", "labels": "/y"}
    config = changed(config, training={"epochs": 1, "batch_size": 600, "shuffle": False})
    run = nnpipe.run(config | {"validation": aside, "test": aside | {"rows": {"stop": 60}}})
    with (run.path / "history.csv").open() as file:
        row = next(csv.DictReader(file))
    metrics = run.manifest.metrics
    assert metrics["evaluation"]["input"] == "test"
    assert metrics["evaluation"]["samples"] == 60
    # One epoch, validated on what infer judges too: the same parameters over the same samples.
    assert float(row["validation_loss"]) == pytest.approx(metrics["cross_entropy"], rel=1e-5)
    assert float(row["validation_accuracy"]) == metrics["accuracy"]


def test_a_training_that_diverges_says_where(config: Config) -> None:
    config = changed(config, optimizer={"kind": "sgd", "learning_rate": 1e38})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RunFailed) as error:
            nnpipe.run(config)
    # In which batch depends on the last bits of products of numbers near the greatest ones.
    assert re.fullmatch(
        r"training: found a loss of (nan|inf) in epoch 1, batch \d; the first numbers that are "
        r"not finite are in the layer (hidden1|output); expected finite numbers. "
        r"Set optimizer.learning_rate below 1e\+38, set training.clip_norm, or input.normalize.",
        error.value.reason,
    )


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (
            {
                "architecture": {"output_activation": "sigmoid"},
                "training": {"loss": "cross_entropy"},
            },
            "training.loss: 'cross_entropy' does not fit a last layer with the activation "
            "'sigmoid'; expected 'softmax'. Set the output activation to softmax, "
            "or training.loss to binary_cross_entropy.",
        ),
        (
            {"training": {"loss": "cross_entrpy"}},
            "training.loss: 'cross_entrpy' is not a loss; expected one of binary_cross_entropy, "
            "cross_entropy, mean_squared_error. Did you mean 'cross_entropy'?",
        ),
        (
            {"architecture": {"sizes": [8, 2]}},
            "input.labels: found 2 in row 2; expected 0 to 1, one class for each output of the "
            "network.",
        ),
        (
            {"input": {"labels": None}},
            "input.labels: missing; the stage train needs a label for each sample. "
            "Set input.labels, or input.targets.",
        ),
        (
            {"training": {"schedule": {"kind": "step", "floor": 0.1}}},
            "training.schedule.floor: unknown key for the kind 'step'; expected one of every, "
            "factor, warmup.",
        ),
        (
            {"optimizer": {"kind": "adam", "momentum": 0.9}},
            "optimizer.momentum: unknown key for the kind 'adam'; expected one of beta1, beta2, "
            "epsilon, learning_rate.",
        ),
        (
            {"optimizer": {"kind": "sgd", "learning_rate": 0.0}},
            "optimizer.learning_rate: found 0.0; expected more than 0",
        ),
        (
            {"training": {"validation_fraction": 1.0}},
            "training.validation_fraction: found 1.0; expected 0 or greater, below 1",
        ),
        (
            {"training": {"validation_fraction": 0.0, "patience": 3}},
            "training.patience: found 3 without validation samples; expected null. "
            "Set training.validation_fraction above 0, or set `validation`.",
        ),
        (
            {"training": {"resume": "/no/where"}},
            "training.resume: /no/where: no checkpoint.h5; expected a run that has trained for at "
            "least one epoch. Set training.resume to its folder.",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_made(
    config: Config, parts: Config, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as error:
        nnpipe.run(changed(config, **parts))
    assert str(error.value).split("\n")[0] == problem
    assert not (tmp_path / "outputs").exists()


def test_a_regression_finds_the_numbers_that_made_its_targets(
    config: Config, tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    x, weights = generator.normal(size=(800, 4)), generator.normal(size=(4, 2))
    with h5py.File(tmp_path / "line.h5", "w") as file:
        file["x"], file["t"] = x, x @ weights + [1.0, -2.0]
    run = nnpipe.run(
        config
        | {
            "input": {
                "path": tmp_path / "line.h5",
                "dataset": "/x",
                "targets": "/t",
                "normalize": "none",
            },
            "architecture": {"sizes": [2], "activation": "linear"},
            "training": {"epochs": 40, "batch_size": 32},
            "optimizer": {"kind": "adam", "learning_rate": 0.05},
            "dtype": "float64",
        }
    )
    found = run.manifest.metrics["evaluation"]
    assert found["mean_squared_error"] < 1e-6
    assert found["r2"] == pytest.approx(1, abs=1e-6)
    parameters = run.network.layers[0].parameters
    np.testing.assert_allclose(parameters[:, :-1], weights.T, atol=1e-3)
    np.testing.assert_allclose(parameters[:, -1], [1, -2], atol=1e-3)


def test_sigmoids_learn_several_labels_of_a_sample(config: Config, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(800, 3))
    with h5py.File(tmp_path / "signs.h5", "w") as file:
        file["x"], file["t"] = x, x > 0
    config = changed(config, architecture={"sizes": [16, 3], "output_activation": "sigmoid"})
    config["input"] = {"path": tmp_path / "signs.h5", "dataset": "/x", "targets": "/t"}
    run = nnpipe.run(changed(config, training={"epochs": 20, "batch_size": 32}))
    found = run.manifest.metrics["evaluation"]
    right = (run.outputs[()] >= 0.5) == (x > 0)
    assert found["accuracy"] == right.all(axis=1).mean() > 0.9
    assert found["label_accuracy"] == pytest.approx(right.mean(), rel=1e-12)


def test_one_hot_targets_train_as_their_labels_do(config: Config, spirals: Path) -> None:
    with h5py.File(spirals, "a") as file:
        file["one_hot"] = np.eye(3)[file["y"][()]]
    labelled = nnpipe.run(config).manifest.metrics
    config = changed(config, input={"labels": None, "targets": "/one_hot"})
    hot = nnpipe.run(config).manifest.metrics
    assert hot["training"]["loss"] == pytest.approx(labelled["training"]["loss"], rel=1e-4)
    assert hot["evaluation"]["accuracy"] == labelled["evaluation"]["accuracy"]


def test_targets_that_the_loss_cannot_use_are_refused(config: Config, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["x"], file["t"] = np.ones((4, 2)), [[0, 0, 1], [0, 1, 0], [0, 0, 2], [1, 0, 0]]
        file["narrow"] = np.ones((4, 2))
    config["input"] = {"path": tmp_path / "t.h5", "dataset": "/x", "targets": "/t"}
    with pytest.raises(ConfigError) as error:
        nnpipe.run(config)
    assert str(error.value) == (
        "input.targets: found 2 in row 2, column 2; expected 0 to 1, which the loss requires."
    )
    with pytest.raises(ConfigError) as error:
        nnpipe.run(changed(config, input={"targets": "/narrow"}))
    assert str(error.value) == (
        "input.targets: found 2 numbers per sample; expected 3, one for each output of the network."
    )


@pytest.mark.slow
def test_mnist_is_learned(mnist: Path, tmp_path: Path) -> None:
    done = nnpipe.run(
        {
            "input": {
                "kind": "idx",
                "path": mnist / "t10k-images-idx3-ubyte.gz",
                "labels": mnist / "t10k-labels-idx1-ubyte.gz",
                "rows": {"stop": 8000},
                "normalize": "scale",
            },
            "test": {
                "kind": "idx",
                "path": mnist / "t10k-images-idx3-ubyte.gz",
                "labels": mnist / "t10k-labels-idx1-ubyte.gz",
                "rows": {"start": 8000},
            },
            "architecture": {
                "sizes": [50, 10],
                "activation": "relu",
                "output_activation": "softmax",
                "initializer": "he_normal",
            },
            "pipeline": {"stages": ["train", "evaluate"]},
            "training": {"epochs": 8},
            "output": {"root": tmp_path},
        }
    )
    assert done.manifest.metrics["evaluation"]["accuracy"] > 0.93

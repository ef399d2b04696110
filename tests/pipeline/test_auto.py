"""With nothing said: the article's network without training, good practice with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from sklearn import datasets
from sklearn.model_selection import StratifiedKFold

import nnpipe
from nnpipe.config.load import store
from nnpipe.errors import ConfigError
from nnpipe.pipeline.load import upgrade
from nnpipe.pipeline.plan import make_plan


def put(folder: Path, **arrays: Any) -> str:
    with h5py.File(folder / "data.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return str(folder / "data.h5")


def planned(path: str, **given: Any) -> dict[str, Any]:
    """Return the resolved config of a training on a file with /x, /y or /t."""
    source = {"kind": "hdf5", "path": path, "dataset": "/x", **given.pop("input", {})}
    given = {"pipeline": {"stages": ["train"]}, "input": source, **given}
    with make_plan(given) as plan:
        config = store(plan.config)
    assert "auto" not in str(config)
    return config


@pytest.fixture
def labelled(tmp_path: Path) -> str:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(400, 5)), generator.integers(0, 3, 400)
    return put(tmp_path, x=x, y=y, bytes=(20 * x).astype(np.uint8), t=x[:, :2], b=x[:, :2] > 0)


def test_without_training_it_is_the_network_of_the_article() -> None:
    with make_plan({}) as plan:
        config = store(plan.config)
    assert config["architecture"] == {
        "kind": "mlp",
        "inputs": 784,
        "activation": "sigmoid",
        "output_activation": "sigmoid",
        "initializer": {"kind": "normal", "bias": None, "mean": 0.0, "std": 1.0},
        "sizes": [100, 50, 10, 5],
        "hidden": None,
    }
    assert config["input"]["normalize"] == "none"
    assert "auto" not in str(config)


def test_labels_are_learned_with_a_softmax_of_their_classes(labelled: str) -> None:
    config = planned(labelled, input={"labels": "/y"})
    architecture, training = config["architecture"], config["training"]
    assert architecture["sizes"] == [100, 3]
    assert (architecture["activation"], architecture["output_activation"]) == ("relu", "softmax")
    assert architecture["initializer"]["kind"] == "he_normal"
    assert architecture["initializer"]["bias"]["kind"] == "zeros"
    assert config["input"]["normalize"]["kind"] == "standardize"
    assert training["loss"] == "cross_entropy"
    assert training["batch_size"] == 20
    assert (training["validation_fraction"], training["patience"]) == (0.0, None)
    assert training["standardize_targets"] is False


def test_numbers_are_learned_with_a_linear_layer_and_standardized_targets(labelled: str) -> None:
    config = planned(labelled, input={"targets": "/t"})
    assert config["architecture"]["output_activation"] == "linear"
    assert config["architecture"]["sizes"] == [100, 2]
    assert config["training"]["loss"] == "mean_squared_error"
    assert config["training"]["standardize_targets"] is True


def test_columns_of_zeros_and_ones_are_learned_with_sigmoids(labelled: str) -> None:
    config = planned(labelled, input={"targets": "/b"})
    assert config["architecture"]["output_activation"] == "sigmoid"
    assert config["training"]["loss"] == "binary_cross_entropy"


def test_bytes_are_scaled(labelled: str) -> None:
    config = planned(labelled, input={"dataset": "/bytes", "labels": "/y"})
    assert config["input"]["normalize"] == {"kind": "scale", "divisor": None}


def test_many_samples_are_validated_with_patience(tmp_path: Path) -> None:
    path = put(tmp_path, x=np.random.default_rng(0).normal(size=(2000, 2)), y=np.arange(2000) % 2)
    training = planned(path, input={"labels": "/y"})["training"]
    assert (training["validation_fraction"], training["patience"]) == (0.1, 10)
    assert training["batch_size"] == 100
    given = {"kind": "hdf5", "path": path, "dataset": "/x", "labels": "/y"}
    training = planned(path, input={"labels": "/y"}, validation=given)["training"]
    assert (training["validation_fraction"], training["patience"]) == (0.0, 10)


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        ({"hidden": [8, 4]}, [8, 4, 3]),
        ({"hidden": []}, [3]),
        ({"sizes": [7, 3]}, [7, 3]),
    ],
)
def test_sizes_come_from_the_hidden_layers(
    labelled: str, architecture: Any, expected: list[int]
) -> None:
    config = planned(labelled, input={"labels": "/y"}, architecture=architecture)
    assert config["architecture"]["sizes"] == expected
    assert config["architecture"]["hidden"] is None


def test_what_is_said_stays(labelled: str) -> None:
    config = planned(
        labelled,
        input={"labels": "/y", "normalize": "minmax"},
        architecture={"activation": "tanh", "inputs": 5},
        training={"loss": "mean_squared_error", "epochs": 3, "batch_size": "auto"},
    )
    assert config["architecture"]["activation"] == "tanh"
    assert config["architecture"]["initializer"]["kind"] == "glorot_uniform"
    assert config["architecture"]["output_activation"] == "linear"  # which suits the loss
    assert config["input"]["normalize"]["kind"] == "minmax"
    assert (config["training"]["epochs"], config["training"]["batch_size"]) == (3, 20)


def test_layers_of_a_stack_are_decided_too(labelled: str) -> None:
    layers = {
        "a": {"neurons": 5},
        "block": {"kind": "residual", "layers": {"b": {"neurons": 5, "activation": "tanh"}}},
        "c": {"neurons": 3},
    }
    found = planned(labelled, input={"labels": "/y"}, architecture={"layers": layers})
    found = found["architecture"]["layers"]
    assert [found[name]["activation"] for name in "ac"] == ["relu", "softmax"]
    assert found["block"]["layers"]["b"]["initializer"]["kind"] == "glorot_uniform"
    assert found["a"]["initializer"]["kind"] == "he_normal"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"architecture": {"sizes": [4, 3], "hidden": [4]}},
            "architecture.hidden: found it and sizes; expected one of them. "
            "Leave architecture.sizes out.",
        ),
        (
            {"architecture": {"sizes": "some"}},
            "architecture.sizes: found 'some'; expected a list",
        ),
        ({"seed": "auto"}, "seed: found 'auto'; expected an integer"),
        (
            {"training": {"standardize_targets": True}},
            "training.standardize_targets: found true and a last layer with the activation "
            "'softmax'; expected a dense, linear one. Leave it auto.",
        ),
    ],
)
def test_what_cannot_be_is_one_line(labelled: str, given: Any, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        planned(labelled, input={"labels": "/y"}, **given)
    assert refused.value.problems == (problem,)


def test_a_stored_config_without_newer_options_means_what_it_did() -> None:
    with make_plan({}) as plan:
        stored = store(plan.config)
    del stored["training"]["standardize_targets"]
    assert upgrade(stored, 2)["training"]["standardize_targets"] is False


def test_iris_is_learned_with_nothing_said(tmp_path: Path) -> None:
    x, y = datasets.load_iris(return_X_y=True)
    correct = []
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(x, y)
    for seed, (train, test) in enumerate(folds):
        given = {
            "pipeline": {"stages": ["train"]},
            "input": {
                "kind": "hdf5",
                "path": put(tmp_path, x=x[train], y=y[train]),
                "dataset": "/x",
                "labels": "/y",
            },
            "seed": seed,
            "output": {"root": tmp_path / "outputs", "report": False},
        }
        with nnpipe.run(given) as run:
            correct += (run.predict(x[test]).argmax(axis=1) == y[test]).tolist()
    assert np.mean(correct) >= 0.93


def test_outputs_are_in_the_units_of_the_targets_and_training_goes_on_from_them(
    tmp_path: Path,
) -> None:
    x, y = datasets.load_diabetes(return_X_y=True)
    source = {
        "kind": "hdf5",
        "path": put(tmp_path, x=x, t=np.stack([y, 1e-3 * y - 7], axis=1)),
        "dataset": "/x",
        "targets": "/t",
    }
    given = {
        "pipeline": {"stages": ["train", "evaluate", "infer"]},
        "input": source,
        "training": {"epochs": 30},
        "output": {"root": tmp_path / "outputs", "report": False},
    }
    with nnpipe.run(given) as run:
        outputs = run.outputs[()]
        assert np.abs(outputs[:, 0].mean() - y.mean()) < 0.1 * y.std()
        assert np.abs(outputs[:, 1] + 7).max() < 1
        assert run.manifest.metrics["evaluation"]["r2"] > 0.4
        np.testing.assert_allclose(run.predict(x), outputs, rtol=1e-4)
        path = run.path
    again = {**given, "architecture": {"run": path}, "training": {"epochs": 1}}
    with nnpipe.run({**again, "optimizer": {"learning_rate": 1e-9}}) as run:
        np.testing.assert_allclose(run.outputs[()], outputs, rtol=1e-3, atol=1e-3)
        assert yaml.safe_load((run.path / "config.yaml").read_text())["input"]["normalize"]


def test_a_run_on_a_trained_network_takes_its_normalization(labelled: str, tmp_path: Path) -> None:
    source = {"kind": "hdf5", "path": labelled, "dataset": "/x", "labels": "/y"}
    output = {"root": tmp_path / "outputs", "report": False}
    given = {"pipeline": {"stages": ["train", "infer"]}, "input": source, "output": output}
    with nnpipe.run({**given, "training": {"epochs": 2}}) as run:
        outputs, path = run.outputs[()], run.path
    again = {"architecture": {"run": path}, "input": {**source, "labels": None}, "output": output}
    with nnpipe.run(again) as run:
        assert run.config["input"]["normalize"] == "from_run"
        np.testing.assert_array_equal(run.outputs[()], outputs)
        np.testing.assert_allclose(run.network([[0.0] * 5]), run.network([[0.0] * 5]))

"""A training goes on from a checkpoint of today's or of an earlier version, or is refused.

Modules: training/checkpoint.py, training/fitting.py, training/recipe.py.
"""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.errors import ConfigError

LAYERS = {
    "hidden": {"neurons": 5, "activation": "tanh", "initializer": "normal"},
    "output": {"neurons": 2, "activation": "softmax", "initializer": "normal"},
}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return a config that trains a small stack."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    with h5py.File("x.h5", "w") as file:
        file["x"], file["y"] = generator.normal(size=(60, 3)), np.arange(60) % 2
    return {
        "architecture": {"kind": "stack", "layers": LAYERS},
        "input": {
            "kind": "hdf5",
            "path": "x.h5",
            "dataset": "/x",
            "labels": "/y",
            "normalize": "none",
        },
        "pipeline": {"stages": ["train"]},
        "training": {"epochs": 2, "batch_size": 16, "validation_fraction": None, "patience": None},
        "output": {"report": False},
    }


def resumed(config: dict[str, Any], folder: Any, **changes: Any) -> Any:
    training = {**config["training"], "epochs": 4, "resume": str(folder)}
    return nnpipe.run({**config, "training": training, **changes})


def set_fingerprint(folder, **changes: Any) -> None:
    """Alter the fingerprint of a checkpoint, and make it one of version 3 of its format.

    That was the format of version 0.1.0, which left nulls where nothing was set.
    """
    with h5py.File(folder / "checkpoint.h5", "a") as file:
        fingerprint = json.loads(file.attrs["fingerprint"])
        file.attrs["fingerprint"] = json.dumps({**fingerprint, **changes})
        file.attrs["format_version"] = np.int64(3)


NULLS = {
    "training.loss": None,
    "training.validation_fraction": None,
    "architecture.inputs": None,
    "optimizer.beta1": None,
    "optimizer.momentum": None,
    "training.schedule.floor": None,
}


def test_a_checkpoint_with_nulls_for_what_was_decided_goes_on(config):
    whole = nnpipe.run({**config, "training": {**config["training"], "epochs": 4}})
    before = nnpipe.run(config)
    set_fingerprint(before.path, **NULLS)
    after = resumed(config, before.path)
    assert after.manifest.artifacts["parameters.h5"] == whole.manifest.artifacts["parameters.h5"]


def test_so_does_one_of_a_network_from_a_run_whose_last_layer_decided_the_loss(config):
    first = nnpipe.run(config)
    config = config | {"architecture": {"kind": "from_run", "run": str(first.path)}}
    whole = nnpipe.run({**config, "training": {**config["training"], "epochs": 4}})
    before = nnpipe.run(config)
    set_fingerprint(before.path, **NULLS)
    after = resumed(config, before.path)
    assert after.manifest.artifacts["parameters.h5"] == whole.manifest.artifacts["parameters.h5"]
    with pytest.raises(ConfigError) as refused:
        resumed(
            config | {"training": {**config["training"], "loss": "mean_squared_error"}}, before.path
        )
    assert str(refused.value) == (
        "training.loss: found 'mean_squared_error'; expected 'cross_entropy', as in "
        f"{before.path}, which training.resume continues"
    )


def test_a_validation_of_its_own_decided_that_nothing_is_held_out(config):
    config = config | {"validation": config["input"]}
    before = nnpipe.run(config)
    set_fingerprint(before.path, **NULLS)
    assert resumed(config, before.path).manifest.metrics["training"]["epochs"] == 4
    del config["validation"]
    with pytest.raises(ConfigError) as refused:
        resumed(
            config | {"training": {**config["training"], "validation_fraction": 0.2}}, before.path
        )
    assert str(refused.value).startswith("training.validation_fraction: found 0.2; expected 0.1, ")


@pytest.mark.parametrize(
    "changes",
    [
        {"seed.x": 1},
        {"seed.x.y": 1},
        {"input": 3},
        {"input.normalize": 3},
        {"architecture.layers": []},
        {"optimizer.kind": ["adam"]},
    ],
)
def test_a_fingerprint_of_version_3_that_is_none_is_refused_in_words(config, changes):
    before = nnpipe.run(config)
    set_fingerprint(before.path, **changes)
    with pytest.raises(ConfigError, match=r"which training\.resume continues"):
        resumed(config, before.path)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"optimizer": {"kind": "adamw"}}, ["optimizer.kind: found 'adamw'; expected 'adam'"]),
        ({"optimizer": {"beta1": 0.8}}, ["optimizer.beta1: found 0.8; expected 0.9"]),
        (
            {
                "architecture": {
                    "layers": LAYERS | {"hidden": {**LAYERS["hidden"], "activation": "elu"}}
                }
            },
            ["architecture.layers.hidden.activation.kind: found 'elu'; expected 'tanh'"],
        ),
        (
            {"architecture": {"layers": {"drop": "dropout", **LAYERS}}},
            ["architecture.layers.drop.kind: found 'dropout'; expected None"],
        ),
        ({"architecture": {"sizes": [5, 2]}}, ["architecture.kind: found 'mlp'; expected 'stack'"]),
        ({"seed": 1, "dtype": "float64"}, ["seed: found 1", "dtype: found 'float64'"]),
    ],
)
def test_what_has_changed_is_named_once_and_not_with_the_options_of_another_kind(
    config, changes, problems
):
    before = nnpipe.run(config)
    if "sizes" in changes.get("architecture", {}):
        changes["architecture"]["output_activation"] = "softmax"
    with pytest.raises(ConfigError) as refused:
        resumed(config, before.path, **changes)
    found = refused.value.problems
    assert len(found) == len(problems)
    for line, problem in zip(found, problems, strict=True):
        assert line.startswith(problem)


def test_a_checkpoint_of_before_standardized_targets_goes_on(config):
    before = nnpipe.run(config)
    with h5py.File(before.path / "checkpoint.h5", "a") as file:
        fingerprint = json.loads(file.attrs["fingerprint"])
        del fingerprint["training.standardize_targets"]
        file.attrs["fingerprint"] = json.dumps(fingerprint)
    assert resumed(config, before.path).manifest.metrics["training"]["epochs"] == 4

"""A run is repeated from what it stored: every value, and every file that it read."""

from __future__ import annotations

import dataclasses
import gzip
import struct
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

import nnpipe
from nnpipe.config.kind import MISSING, Choice
from nnpipe.config.load import store
from nnpipe.engines import ENGINES
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.layers import LAYERS
from nnpipe.pipeline.load import read_config, upgrade
from nnpipe.pipeline.rerun import rerun
from nnpipe.sources import SOURCES
from nnpipe.sources.distributions import DISTRIBUTIONS
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.stages import STAGES
from nnpipe.stages.metrics import METRICS
from nnpipe.training.losses import LOSSES
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.schedules import SCHEDULES

REGISTRIES = [
    *(ACTIVATIONS, ARCHITECTURES, DISTRIBUTIONS, ENGINES, INITIALIZERS, LAYERS, LOSSES, METRICS),
    *(NORMALIZATIONS, OPTIMIZERS, SCHEDULES, SOURCES, STAGES),
]
KINDS = [(registry, name) for registry in REGISTRIES for name in registry.built_in]

STACK = {
    "drop": {"kind": "dropout"},
    "hidden": {
        "neurons": 5,
        "activation": "leaky_relu",
        "initializer": {"kind": "uniform", "bias": "constant"},
    },
    "norm": "batch_norm",
    "output": {"neurons": 2, "activation": "softmax"},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder to work in, with the same samples and labels in each kind of file."""
    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 256, (40, 6)).astype(np.uint8), np.arange(40, dtype=np.uint8) % 2
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with h5py.File("x.h5", "w") as file:
        file["x"], file["y"] = x, y
    np.save("x.npy", x)
    np.save("y.npy", y)
    with gzip.open("x.gz", "wb") as file:
        file.write(struct.pack(">HBBII", 0, 8, 2, 40, 6) + x.tobytes())
    with open("y.idx", "wb") as file:
        file.write(struct.pack(">HBBI", 0, 8, 1, 40) + y.tobytes())
    return tmp_path / "here"


INPUTS: dict[str, dict[str, Any]] = {
    "hdf5": {"kind": "hdf5", "path": "x.h5", "dataset": "/x", "labels": "/y"},
    "npy": {"kind": "npy", "path": "x.npy", "labels": "y.npy"},
    "idx": {"kind": "idx", "path": "x.gz", "labels": "y.idx"},
}


def run(**given: Any) -> Any:
    output = {"report": False, **given.pop("output", {})}
    return nnpipe.run({"architecture": {"layers": STACK}, "output": output, **given})


def training(**given: Any) -> dict[str, Any]:
    return {"training": {"epochs": 2}, "pipeline": {"stages": ["train", "evaluate"]}, **given}


def test_the_manifest_names_every_file_that_was_read_by_its_option(folder):
    known = run(
        **training(input=INPUTS["npy"], validation=INPUTS["hdf5"], test=INPUTS["idx"])
    ).manifest.input
    assert known["paths"] == {"path": str(folder / "x.npy"), "labels": str(folder / "y.npy")}
    assert known["validation"]["paths"] == {"path": str(folder / "x.h5")}
    assert known["test"]["paths"] == {
        "path": str(folder / "x.gz"),
        "labels": str(folder / "y.idx"),
    }


def test_random_numbers_come_from_no_file(folder):
    assert run(input={"samples": 3, "features": 6}).manifest.input["paths"] == {}


@pytest.mark.parametrize("kind", INPUTS)
def test_a_run_is_repeated_from_another_folder_with_the_files_that_it_read(
    folder, kind, monkeypatch
):
    before = run(**training(input=INPUTS[kind], validation=INPUTS["npy"], test=INPUTS["idx"]))
    (folder.parent / "elsewhere").mkdir()
    monkeypatch.chdir(folder.parent / "elsewhere")
    again, difference = rerun(before.path)
    assert difference.identical
    assert difference.input == {}
    for key in ("input", "validation", "test"):
        assert again.config[key]["path"] == str(folder / before.config[key]["path"])
        assert again.manifest.metrics == before.manifest.metrics


def test_a_run_is_repeated_with_paths_as_they_were_typed_where_they_lead_to_the_same(folder):
    before = run(**training(input=INPUTS["npy"]))
    again, difference = rerun(before.path)
    assert difference.nothing
    assert again.config == before.config


def test_a_manifest_that_names_files_of_an_input_that_the_config_has_not_adds_none(folder):
    before = run(input=INPUTS["npy"])
    text = (before.path / "manifest.json").read_text()
    added = '"input": {"test": {"paths": {"path": "/x.npy"}},'
    (before.path / "manifest.json").write_text(text.replace('"input": {', added, 1))
    again, _ = rerun(before.path)
    assert again.config["test"] is None


def says_every_value(stored: Any, typed: Any) -> bool:
    """Tell whether a stored config has a value for each field of the dataclasses it describes."""
    match typed:
        case Choice():
            if not dataclasses.fields(typed.options):
                return stored == typed.kind
            values = dict(stored)
            return values.pop("kind") == typed.kind and says_every_value(values, typed.options)
        case dict():
            return stored.keys() == typed.keys() and all(
                says_every_value(stored[name], value) for name, value in typed.items()
            )
        case list():
            pairs = zip(stored, typed, strict=True)
            return all(says_every_value(part, value) for part, value in pairs)
        case _ if dataclasses.is_dataclass(typed):
            names = {field.name for field in dataclasses.fields(typed)}
            return stored.keys() == names and all(
                says_every_value(stored[name], getattr(typed, name)) for name in names
            )
        case _:
            return stored == typed


@pytest.mark.parametrize(
    "given",
    [
        {"input": {"features": 6}},
        {"input": {"kind": "random", "features": 6, "distribution": "uniform"}},
        training(input=INPUTS["hdf5"] | {"normalize": "standardize"}),
        training(input=INPUTS["npy"], optimizer={"kind": "momentum"}, validation=INPUTS["idx"]),
        training(input=INPUTS["npy"]) | {"training": {"epochs": 1, "schedule": "cosine"}},
        {"architecture": {"sizes": [3], "activation": "elu"}, "engine": {"kind": "reference"}},
        {"architecture": {"width": 4, "depth": 1, "outputs": 2}, "input": INPUTS["idx"]},
        {
            "input": INPUTS["npy"],
            "architecture": {"sizes": [7], "activation": "softmax"},
            "pipeline": {"stages": [{"kind": "evaluate", "metrics": ["top_k"]}]},
        },
    ],
)
def test_a_later_default_changes_no_run_that_is_repeated_since_every_value_is_stored(folder, given):
    with run(**given) as done:
        stored = yaml.safe_load((done.path / "config.yaml").read_text())
        assert says_every_value(stored, read_config(stored))
        assert upgrade(stored, done.manifest.schema_version) == stored
        # What was left to be decided is decided.
        assert None not in {stored["dtype"], stored["architecture"]["inputs"]}
        decided = stored["training"]
        assert None not in {decided["loss"], decided["validation_fraction"]}
        assert stored["architecture"].get("output_activation", "none of it") is not None


@pytest.mark.parametrize(("registry", "name"), KINDS, ids=lambda part: getattr(part, "kind", part))
def test_a_stored_kind_says_every_option(registry, name):
    options = {
        field.name: "given"
        for field in dataclasses.fields(registry.load(name).options)
        if field.default == MISSING
    }
    chosen = registry.choice(name, **options)
    assert says_every_value(store(chosen), chosen)

"""Runs of earlier versions are run again, and their networks are used.

The manifests name the inputs by the absolute paths that they had. `nnpipe runs rerun` insists on
them, so it is tested with runs over random numbers. The others run again from their config.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nnpipe
from tests.frozen.stored import (
    LAYERS,
    TOLERANCE,
    TRAINED,
    ask,
    config_of,
    folder_of,
    matrices,
    same_course,
    same_matrices,
    stored,
)


def points(name: str) -> np.ndarray:
    with h5py.File(f"inputs/{name}.h5") as file:
        return file["x"][:].astype(np.float64)


def samples_of(name: str) -> np.ndarray:
    """Return what a run's network was given: its input, normalized by the textbook."""
    match name:
        case "used/v0001" | "used/v0002":
            known = np.load("inputs/samples.npy")[:24]
            x = known if name == "used/v0001" else points("test")
            return (x - known.mean(axis=0)) / known.std(axis=0)
        case "files/v0001":
            header, pixels = 16, gzip.decompress(Path("inputs/images.gz").read_bytes())
            return np.frombuffer(pixels[header:], np.uint8).reshape(12, 6) / 255
        case "files/v0002":
            x = np.load("inputs/columns.npy").T[2::3].astype(np.float64)
            return (x + 4) / (x.max(axis=0) + 4)
        case "training/v0001":
            x = points("train")
            return (x - x.mean(axis=0)) / x.std(axis=0)
        case _:
            x = points("train")
            return (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0))


OVER_FILES = [
    *("used/v0001", "used/v0002", "files/v0001", "files/v0002"),
    *("training/v0001", "regression/v0001"),
]


@pytest.mark.parametrize("name", OVER_FILES)
def test_the_network_of_an_opened_run_predicts_what_it_stored(place: Path, name: str) -> None:
    with nnpipe.open_run(folder_of(name)) as run:
        outputs = run.outputs[:]
        found = run.network(samples_of(name).astype(outputs.dtype))
    np.testing.assert_allclose(found, outputs, rtol=0, atol=TOLERANCE[LAYERS[name][1]])


def test_stored_activations_are_those_of_the_formula(place: Path) -> None:
    kept = [f"activations/{layer}" for layer in ("hidden1", "hidden2", "output")]
    activations = stored(folder_of("plain/v0001"), "outputs", "predictions", *kept)
    hidden1, hidden2, output = (activations[name].astype(np.float64) for name in kept)
    _, second, third = matrices(folder_of("plain/v0001"))
    z = hidden1 @ second[:, :-1].T + second[:, -1]
    np.testing.assert_allclose(hidden2, np.where(z > 0, z, np.expm1(z)), rtol=0, atol=1e-5)
    exponential = np.exp(hidden2 @ third[:, :-1].T + third[:, -1])
    expected = exponential / exponential.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(activations["outputs"], activations["activations/output"])
    np.testing.assert_array_equal(activations["predictions"], expected.argmax(axis=1))


@pytest.mark.parametrize("name", LAYERS)
def test_the_parameters_of_every_complete_run_are_used_again(
    place: Path, tmp_path: Path, name: str
) -> None:
    samples, dtype, _, layers = LAYERS[name]
    given = {
        "architecture": {"kind": "from_run", "run": str(folder_of(name))},
        "input": {"samples": 3, "features": int(layers.split(",")[0].split()[-1])},
        "output": {"root": str(tmp_path), "report": False},
    }
    with nnpipe.run(given) as again, nnpipe.open_run(folder_of(name)) as before:
        assert again.network.dtype == before.network.dtype == dtype
        assert before.outputs.shape == (samples, before.network.outputs)
        assert again.outputs.shape == (3, before.network.outputs)
        same_matrices(again.path, before.path, "parameters.h5", 0.0)


@pytest.mark.parametrize("name", ["used/v0001", "training/v0001", "regression/v0001"])
def test_the_statistics_of_a_run_are_used_again(place: Path, tmp_path: Path, name: str) -> None:
    given: dict[str, Any] = {
        "architecture": {"kind": "from_run", "run": str(folder_of(name))},
        "input": {"kind": "hdf5", "path": "inputs/train.h5", "dataset": "/x"},
        "output": {"root": str(tmp_path), "report": False},
    }
    if name == "used/v0001":
        given["input"] = {"kind": "npy", "path": "inputs/samples.npy", "rows": {"stop": 24}}
    given["input"]["normalize"] = {"kind": "from_run"}
    with nnpipe.run(given) as again:
        expected = stored(folder_of(name), "outputs")["outputs"]
        np.testing.assert_allclose(again.outputs[:], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "exact", "kept"),
    [
        ("plain/v0001", True, ["outputs", "predictions", "activations/hidden1"]),
        ("plain/v0002", False, ["outputs", "activations/hidden1"]),  # LAPACK makes its parameters
        ("sweep/v0001/001", True, ["outputs"]),
        ("cut/v0001/000", True, ["outputs", "predictions"]),
        pytest.param("sharded/v0001", True, ["outputs"], marks=pytest.mark.slow),
    ],
)
def test_a_run_over_random_numbers_runs_again(
    own: Path, name: str, exact: bool, kept: list[str]
) -> None:
    again = ask(own, "rerun", name, status=None)
    assert again["run"] == name
    # Version 0.1.0 stored null for what was to be decided.
    assert all(then in (None, "(absent)") for then, _ in again["config"].values())
    before, after = folder_of(name), folder_of(again["rerun"])
    tolerance = TOLERANCE[LAYERS[name][1]]
    same_matrices(after, before, "parameters.h5", 0.0 if exact else tolerance)
    found, expected = stored(after, *kept), stored(before, *kept)
    for key in kept:
        np.testing.assert_allclose(found[key], expected[key], rtol=0, atol=tolerance, err_msg=key)
    assert ask(own, "verify", again["rerun"])[0]["problems"] == []


@pytest.mark.parametrize("name", ["used/v0001", "used/v0002", "files/v0001", "files/v0002"])
def test_the_config_of_a_run_over_files_runs_again(own: Path, name: str) -> None:
    with nnpipe.run(config_of(name)) as again:
        assert again.path.parent.name == name.split("/")[0]
        assert again.path.name == "v0003"
        tolerance = TOLERANCE[LAYERS[name][1]]
        same_matrices(again.path, folder_of(name), "parameters.h5", 0.0)
        expected = stored(folder_of(name), "outputs")["outputs"]
        np.testing.assert_allclose(again.outputs[:], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["training/v0001", "regression/v0001"])
def test_the_config_of_a_training_trains_again(own: Path, name: str) -> None:
    config = config_of(name)
    with nnpipe.run(config) as again:
        same_course(again.path, folder_of(name), config["training"]["epochs"])
        for file in ("parameters.h5", "best.h5", "last.h5"):
            same_matrices(again.path, folder_of(name), file, TRAINED)

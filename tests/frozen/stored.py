"""What the runs in v0.1.0 are, and how their files are read without nnpipe.

Another BLAS or another processor may change the last bits of a product, which a training adds up.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import nnpipe
from nnpipe.cli.commands import runs
from tests.processes import call

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
TRAINED = 1e-3

# Samples, dtype and seed; then of each layer its activation, its neurons and its inputs.
LAYERS: dict[str, tuple[int, str, int, str]] = {
    "plain/v0001": (40, "float32", 0, "elu 6 5, elu 4 6, softmax 3 4"),
    "plain/v0002": (40, "float64", 1, "leaky_relu 4 5, leaky_relu 3 4"),
    "used/v0001": (24, "float32", 0, "elu 6 5, elu 4 6, softmax 3 4"),
    "used/v0002": (20, "float32", 0, "elu 6 5, elu 4 6, softmax 3 4"),
    "files/v0001": (12, "float32", 0, "gelu 3 6"),
    "files/v0002": (10, "float64", 0, "leaky_relu 4 5, sigmoid 3 4"),
    "training/v0001": (60, "float32", 0, "relu 8 5, softmax 3 8"),
    "regression/v0001": (60, "float32", 0, "silu 6 5, linear 2 6"),
    "sharded/v0001": (40, "float32", 0, "sigmoid 3 5"),
    "sweep/v0001/000": (10, "float32", 2, "softplus 2 5"),
    "sweep/v0001/001": (10, "float32", 2, "softplus 3 5"),
    "partial/v0001/000": (10, "float32", 3, "softplus 2 5"),
    "cut/v0001/000": (10, "float32", 0, "elu 3 4, sigmoid 2 3"),
}


def ask(folder: Path, *arguments: str, status: int | None = 0) -> Any:
    """Return the answer of `nnpipe runs` in JSON."""
    done = call(runs, *arguments, "--json", folder=folder)
    assert status is None or done.returncode == status, done.stderr
    return json.loads(done.stdout)


def folder_of(name: str) -> Path:
    """Return the folder of a run or of a sweep's job, from the working folder."""
    version, job = name[: name.index("/v") + 6], name[name.index("/v") + 7 :]
    return Path("outputs") / version / (f"runs/{job}" if job else "")


def matrices(folder: Path, file: str = "parameters.h5") -> list[np.ndarray]:
    """Return the parameter matrices of a run's file, in order, as HDF5 alone reads them."""
    with h5py.File(folder / file) as opened:
        layers = sorted(opened["layers"].values(), key=lambda layer: layer.attrs["order"])
        return [layer["parameters"][:] for layer in layers]


def stored(folder: Path, *names: str) -> dict[str, np.ndarray]:
    """Return datasets of results.h5, as HDF5 alone reads them."""
    with h5py.File(folder / "results.h5") as file:
        return {name: file[name][:] for name in names}


def same_matrices(folder: Path, other: Path, file: str, tolerance: float) -> None:
    """Check that the parameters of two runs agree."""
    for found, expected in zip(matrices(folder, file), matrices(other, file), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def config_of(name: str) -> dict[str, Any]:
    """Return the config of a complete run, as `open_run` has it."""
    with nnpipe.open_run(folder_of(name)) as run:
        return run.config


def history(folder: Path) -> list[dict[str, float]]:
    """Return the rows of history.csv without the seconds."""
    with (folder / "history.csv").open(newline="") as file:
        rows = [{key: float(text) for key, text in row.items()} for row in csv.DictReader(file)]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def same_course(folder: Path, other: Path, epochs: int, exactly: int = 0) -> None:
    """Check that two trainings have the same first epochs, some of them to the last bit."""
    for row, before in zip(history(folder)[:epochs], history(other)[:epochs], strict=True):
        tolerance = 0.0 if row["epoch"] <= exactly else TRAINED
        for key in before:
            np.testing.assert_allclose(row[key], before[key], tolerance, tolerance, err_msg=key)

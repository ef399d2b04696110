"""What the tests of training share: a small problem that can be learned, on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest


@pytest.fixture
def spirals(tmp_path: Path) -> Path:
    """Return an HDF5 file with three arms of a spiral, 600 samples of 2 features, as /x and /y."""
    generator = np.random.default_rng(0)
    labels = np.arange(600) % 3
    radius = generator.uniform(0.1, 1, 600)
    angle = 4 * radius + labels * 2 * np.pi / 3 + generator.normal(0, 0.1, 600)
    path = tmp_path / "spirals.h5"
    with h5py.File(path, "w") as file:
        x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        file.create_dataset("x", data=x, chunks=(50, 2))
        file["y"] = labels
    return path


@pytest.fixture
def config(spirals: Path, tmp_path: Path) -> dict[str, Any]:
    """Return a config that learns the spirals in a few epochs."""
    return {
        "input": {
            "kind": "hdf5",
            "path": spirals,
            "dataset": "/x",
            "labels": "/y",
            "normalize": "none",
        },
        "architecture": {
            "sizes": [32, 3],
            "activation": "tanh",
            "output_activation": "softmax",
            "initializer": "glorot_normal",
        },
        "pipeline": {"stages": ["train", "evaluate", "infer"]},
        "training": {"epochs": 5, "batch_size": 32, "validation_fraction": None, "patience": None},
        "optimizer": {"kind": "adam", "learning_rate": 0.02},
        "output": {"root": tmp_path / "outputs"},
    }

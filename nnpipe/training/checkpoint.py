"""Everything a training needs to go on after an epoch as if it had never stopped.

Layout: ``/parameters``, ``/best`` and ``/state/<name>``, vectors of all parameter matrices, one
after the other, each column by column; ``/statistics/<name>``, the running means and then the
running variances of each batch normalization; ``/history``, one row an epoch; the attributes epoch,
steps, best_epoch and fingerprint, which tells what the training was of. The random streams are
those of the seed and the number of the epoch, and need no state of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from nnpipe.aside import aside
from nnpipe.config.schema import Config
from nnpipe.disk import new_hdf5
from nnpipe.errors import RunError
from nnpipe.hdf5 import open_file
from nnpipe.network.activations.base import Array
from nnpipe.training.history import Epoch
from nnpipe.training.optimizers.base import State

FILE = "checkpoint.h5"
FORMAT = "nnpipe checkpoint"
FORMAT_VERSION = 3


@dataclass(frozen=True)
class Checkpoint:
    """A training after some of its epochs.

    Attributes
    ----------
    fingerprint : mapping
        What must be the same for a training to go on: see `fingerprint`.
    parameters : vector
    statistics : mapping of str to vector
        What batch normalizations remember, by their names.
    best : vector or None
        The parameters after `best_epoch`, batch normalization folded into them.
    best_epoch : int
        0 if there is none.
    state : dict of str to vector
        What the optimizer remembers.
    steps : int
        How many the optimizer has made.
    history : tuple of Epoch
    """

    fingerprint: Mapping[str, Any]
    parameters: Array
    statistics: Mapping[str, Array]
    best: Array | None
    best_epoch: int
    state: State
    steps: int
    history: tuple[Epoch, ...]


def fingerprint(config: Config, samples: int) -> dict[str, Any]:
    """Return what decides the course of a training, by config key, ready for JSON."""
    training = flatten("training", config.training)
    for name in ("epochs", "checkpoint_every", "resume", "patience", "keep"):
        del training[f"training.{name}"]
    return {
        "seed": config.seed,
        "dtype": config.dtype,
        "input.samples": samples,
        **training,
        **flatten("optimizer", config.optimizer),
        **flatten("architecture", config.architecture),
        **flatten("input.normalize", config.input.normalize),
    }


def flatten(key: str, part: Any) -> dict[str, Any]:
    """Return the values of a part of a config by their whole keys."""
    if is_dataclass(part) and not isinstance(part, type):
        part = vars(part)
    if not isinstance(part, Mapping):
        return {key: part}
    found: dict[str, Any] = {}
    for name, value in cast("Mapping[str, Any]", part).items():
        found |= flatten(f"{key}.{name}", value)
    return found


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any], where: Path) -> list[str]:
    """Return one line for each key in which a training differs from the one it is to go on from."""
    return [
        f"{key}: found {wanted.get(key)!r}; expected {stored.get(key)!r}, as in {where}, "
        "from which training.resume goes on"
        for key in dict.fromkeys([*stored, *wanted])
        if stored.get(key) != wanted.get(key)
    ]


@aside
def write_checkpoint(file: BinaryIO, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into a new file."""
    with new_hdf5(file) as (opened, _):
        root: Any = opened
        root.attrs["format"] = FORMAT
        root.attrs["format_version"] = FORMAT_VERSION
        root.attrs["fingerprint"] = json.dumps(dict(checkpoint.fingerprint))
        root.attrs["steps"] = checkpoint.steps
        root.attrs["best_epoch"] = checkpoint.best_epoch
        _store(root, "parameters", checkpoint.parameters)
        if checkpoint.best is not None:
            _store(root, "best", checkpoint.best)
        for group, vectors in (("state", checkpoint.state), ("statistics", checkpoint.statistics)):
            inside = root.create_group(group)
            for name, vector in vectors.items():
                _store(inside, name, vector)
        rows = np.array([astuple(epoch) for epoch in checkpoint.history], np.float64)
        history = root.create_dataset("history", data=rows.reshape(-1, len(fields(Epoch))))
        history.attrs["columns"] = [field.name for field in fields(Epoch)]


def _store(group: Any, name: str, vector: Array) -> None:
    chunk = (min(vector.size, (1 << 20) // vector.itemsize),)
    group.create_dataset(name, data=vector, chunks=chunk, fletcher32=True)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read the checkpoint of a run, complete or not.

    Raises
    ------
    RunError
        If there is none, or if it is not what `write_checkpoint` writes.
    """
    path = folder / FILE
    if not path.is_file():
        problem = (
            f"{folder}: no {FILE}; expected the folder of a training that has ended an epoch. "
            "Set training.resume to one."
        )
        raise RunError(problem)
    with open_file(path, "training.resume") as opened:
        file: Any = opened
        try:
            if file.attrs["format"] != FORMAT:
                raise KeyError(FORMAT)
            version = int(file.attrs["format_version"])
            if version != FORMAT_VERSION:
                problem = (
                    f"{path}: found version {version} of the format; expected {FORMAT_VERSION}. "
                    "Go on with the version of nnpipe that wrote it, or train anew."
                )
                raise RunError(problem)
            rows = np.asarray(file["history"][()], np.float64)
            return Checkpoint(
                fingerprint=json.loads(file.attrs["fingerprint"]),
                parameters=file["parameters"][()],
                best=file["best"][()] if "best" in file else None,
                best_epoch=int(file.attrs["best_epoch"]),
                state={name: vector[()] for name, vector in file["state"].items()},
                statistics={name: vector[()] for name, vector in file["statistics"].items()},
                steps=int(file.attrs["steps"]),
                history=tuple(Epoch(int(row[0]), *map(float, row[1:])) for row in rows),
            )
        except (KeyError, TypeError, ValueError, OSError) as error:
            problem = (
                f"{path}: cannot be read. This file was not written by nnpipe, or was altered."
            )
            raise RunError(problem) from error

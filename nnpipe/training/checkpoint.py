"""A checkpoint: everything that training needs to continue exactly after an epoch.

``/parameters``, ``/best`` and ``/state/<name>`` are vectors of all parameter matrices, one after
the other, each column by column. ``/statistics/<name>`` has the running means and then the running
variances of a batch normalization. ``/history`` has one row per epoch. The attributes are steps,
best_epoch and fingerprint, which identifies the training. Random streams are derived from the seed
and the number of the epoch, so they have no stored state.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.keys import name_kinds
from nnpipe.errors import DataError, NnpipeError, RunError, shown
from nnpipe.hdf5.artifact import (
    OtherVersion,
    check_stored,
    group_of,
    integer_attribute,
    names_in,
    numbers_at,
    open_artifact,
    read_whole,
    text_attribute,
    texts_attribute,
)
from nnpipe.hdf5.datasets import read_ends
from nnpipe.hdf5.links import link_of
from nnpipe.network.activations.base import Array
from nnpipe.system.documents import parse_json
from nnpipe.system.hdf5_writer import new_hdf5
from nnpipe.system.interrupts import run_uninterrupted
from nnpipe.training.history import Epoch
from nnpipe.training.optimizers.base import State

FILE = "checkpoint.h5"
FORMAT = "nnpipe checkpoint"
FORMAT_VERSION = 4
_READABLE = {FORMAT: (3, FORMAT_VERSION)}  # in version 3, nulls in a fingerprint are defaults

_MOST_FINGERPRINT = 1 << 20
_MOST_STEPS = 1 << 53


@dataclass(frozen=True)
class Checkpoint:
    """The state of training after an epoch.

    Attributes
    ----------
    fingerprint : mapping
        The values that must be the same to continue training; see `Recipe.fingerprint`.
    parameters : vector
    statistics : mapping of str to vector
        The running statistics of batch normalizations, by name.
    best : vector or None
        The parameters after `best_epoch`, with batch normalization folded into them.
    best_epoch : int
        0 if there is none.
    state : dict of str to vector
        The state of the optimizer.
    steps : int
        The number of steps that the optimizer has made.
    history : tuple of Epoch
    version : int
        The version of the format.
    """

    fingerprint: Mapping[str, Any]
    parameters: Array
    statistics: Mapping[str, Array]
    best: Array | None
    best_epoch: int
    state: State
    steps: int
    history: tuple[Epoch, ...]
    version: int = FORMAT_VERSION


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any], where: Path) -> list[str]:
    """Return one line for each key that differs from the training to resume.

    The options of a kind that differs are left out.
    """
    stored, wanted = name_kinds(stored, wanted), name_kinds(wanted, stored)
    keys = [key for key in dict.fromkeys([*stored, *wanted]) if stored.get(key) != wanted.get(key)]
    kinds = [key.removesuffix("kind") for key in keys if key.endswith(".kind")]
    return [
        f"{key}: found {wanted.get(key)!r}; expected {shown(repr(stored.get(key)))}, "
        f"as in {where}, which training.resume continues"
        for key in keys
        if not any(key.startswith(kind) and key != f"{kind}kind" for kind in kinds)
    ]


@run_uninterrupted
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
        If there is no checkpoint, or if `write_checkpoint` cannot have written it.
    """
    path = folder / FILE
    if not (path.is_symlink() or path.exists()):
        problem = (
            f"{folder}: no {FILE}; expected a run that has trained for at least one epoch. "
            "Set training.resume to its folder."
        )
        raise RunError(problem)
    try:
        with open_artifact(path, FILE, _READABLE, _try_out) as file:
            version = integer_attribute(file["/"], "format_version", FILE)
            vectors = _vectors(file, read=_finite_numbers)
            return Checkpoint(**_facts(file), **vectors, version=version)
    except OtherVersion as error:
        raise RunError(str(error)) from error
    except NnpipeError as error:
        problem = f"{error} This file was not written by nnpipe, or was altered."
        raise RunError(problem) from error


def _try_out(file: Any) -> None:
    _facts(file)
    _vectors(file, read=read_ends)


def _facts(file: Any) -> dict[str, Any]:
    """Check and return everything in a checkpoint except its vectors."""
    text = text_attribute(file["/"], "fingerprint", FILE, _MOST_FINGERPRINT)
    found = parse_json(text, f"{FILE}: fingerprint")
    if not isinstance(found, dict):
        _refuse("fingerprint", "a list or a string", "a mapping")
    history = _history(file)
    steps, best_epoch = (
        integer_attribute(file["/"], name, FILE) for name in ("steps", "best_epoch")
    )
    if not 0 < steps < _MOST_STEPS or steps % len(history):
        _refuse("steps", steps, f"as many in each of the {len(history)} epochs")
    lowest = best_of(history)
    if best_epoch != lowest:
        _refuse("best_epoch", best_epoch, f"{lowest}, as in /history")
    if (link_of(file["/"], "best") is not None) != (best_epoch > 0):
        _refuse("/best", "it" if best_epoch == 0 else "none", f"epoch {best_epoch}")
    return {
        "fingerprint": cast("dict[str, Any]", found),
        "steps": steps,
        "best_epoch": best_epoch,
        "history": history,
    }


def _vectors(file: Any, read: Callable[[Any], Any]) -> dict[str, Any]:
    """Check the vectors of a checkpoint, and return the result of `read` for each."""
    parameters = numbers_at(file, "/parameters", (None,), FILE)
    size, dtype = parameters.shape, parameters.dtype
    best = None
    if link_of(file["/"], "best") is not None:
        best = numbers_at(file, "/best", size, FILE)
    found: dict[str, dict[str, Any]] = {}
    for group, shape in (("state", size), ("statistics", (None,))):
        names = names_in(group_of(file["/"], group, FILE), f"{FILE}: /{group}")
        found[group] = {name: numbers_at(file, f"/{group}/{name}", shape, FILE) for name in names}
    there = [parameters, *found["state"].values(), *found["statistics"].values()]
    there += [] if best is None else [best]
    if any(vector.dtype != dtype for vector in there):
        _refuse("the vectors", "several dtypes", str(dtype))
    check_stored(file, there, FILE)
    return {
        "parameters": read(parameters),
        "best": None if best is None else read(best),
        **{
            group: {name: read(vector) for name, vector in vectors.items()}
            for group, vectors in found.items()
        },
    }


def _finite_numbers(dataset: Any) -> Array:
    vector = read_whole(dataset, FILE)
    if not np.isfinite(vector).all():
        _refuse(str(dataset.name), "numbers that are not finite", "finite numbers")
    return vector


def _history(file: Any) -> tuple[Epoch, ...]:
    columns = [field.name for field in fields(Epoch)]
    dataset = numbers_at(file, "/history", (None, len(columns)), FILE)
    check_stored(file, [dataset], FILE)
    if texts_attribute(dataset, "columns", len(columns), FILE) != columns:
        _refuse("/history", "other columns", ", ".join(columns))
    rows: NDArray[Any] = read_whole(dataset, FILE)
    # Checked before Epochs are made, because an Epoch takes ten times the memory of a row.
    if not len(rows) or not np.array_equal(rows[:, 0], np.arange(1, len(rows) + 1)):
        _refuse("/history", "other epochs", "1, 2, 3, ...")
    if np.isinf(rows).any():
        _refuse("/history", "infinite numbers", "finite numbers, or NaN")
    return tuple(Epoch(int(row[0]), *map(float, row[1:])) for row in rows)


def best_of(history: Sequence[Epoch]) -> int:
    """Return the first epoch with the lowest validation loss, or 0 without validation."""
    validated = [epoch for epoch in history if not math.isnan(epoch.validation_loss)]
    return min(validated, key=lambda epoch: epoch.validation_loss).epoch if validated else 0


def _refuse(name: str, found: object, expected: str) -> NoReturn:
    problem = f"{FILE}: {name}: found {found}; expected {expected}."
    raise DataError(problem)

"""Read a file that nnpipe wrote, or that claims so: hard links and known types only.

The config cannot allow an artifact any exception, and nothing is allocated before the file is
known to store it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from nnpipe.errors import DataError
from nnpipe.hdf5.datasets import FREE_BYTES, check_dataset
from nnpipe.hdf5.links import link_of
from nnpipe.hdf5.listing import list_datasets
from nnpipe.hdf5.opening import reopen
from nnpipe.hdf5.paths import follow
from nnpipe.hdf5.probe import probe
from nnpipe.system.files import reason, stored_bytes

MAX_TEXT = 4096
"""Largest attribute, in bytes."""

MAX_NAMES = 10_000
"""Most names in one group."""

_INTEGER, _TEXT = 0, 3

Forms = Mapping[str, Collection[int]]
"""The formats that can be read, each with its readable versions."""


class OtherVersion(DataError):
    """The file's format is known, but not its version."""


def open_artifact(
    path: str | os.PathLike[str],
    key: str,
    forms: Forms,
    look: Callable[[h5py.File], object] | None = None,
    inside: str | os.PathLike[str] | None = None,
) -> h5py.File:
    """Open an HDF5 file that declares one of nnpipe's formats.

    Parameters
    ----------
    path, key
        As in `open_file`.
    forms : mapping of str to collection of int
        The allowed values of the root's attributes `format` and `format_version`.
    look : callable, optional
        A further check that the child process makes on the open file.
    inside : path-like, optional
        A folder above the file; no link below it is followed. By default, the file's own folder.

    Raises
    ------
    DataError
        If the file cannot be opened, begins with bytes that are not HDF5, or has another format.
    OtherVersion
        If the format has another version.
    """
    inside = Path(path).parent if inside is None else inside

    def trial() -> None:
        try:
            file = _checked(reopen(path, key, inside), path, key, forms)
        except OtherVersion:
            return  # a child passes on only the text of an error; the parent raises it below
        list_datasets(file)
        if look is not None:
            look(file)

    probe(trial, f"{key}: {path}")
    return _checked(reopen(path, key, inside), path, key, forms)


def _checked(file: Any, path: str | os.PathLike[str], key: str, forms: Forms) -> h5py.File:
    try:
        if file.userblock_size:
            problem = f"{key}: {path} begins with {file.userblock_size} bytes that are not HDF5."
            raise DataError(problem)
        found = text_attribute(file["/"], "format", f"{key}: {path}")
        if found not in forms:
            expected = " or ".join(map(repr, forms))
            problem = f"{key}: {path} has the format {found!r}; expected {expected}."
            raise DataError(problem)
        version = integer_attribute(file["/"], "format_version", f"{key}: {path}")
        if version not in forms[found]:
            expected = " or ".join(map(str, forms[found]))
            problem = (
                f"{key}: {path} has version {version} of the format {found!r}; expected "
                f"{expected}. Open it with the version of nnpipe that wrote it."
            )
            raise OtherVersion(problem)
    except BaseException:
        file.close()
        raise
    return file


def names_in(parent: Any, what: str) -> list[str]:
    """Return the names in a group."""
    if len(parent) > MAX_NAMES:
        problem = f"{what} holds {len(parent):,} names; expected {MAX_NAMES:,} at most."
        raise DataError(problem)
    return list(parent)


def groups(parent: Any, what: str) -> dict[str, Any]:
    """Return the hard-linked groups in a group, by name; it may hold nothing else."""
    return {name: group_of(parent, name, what) for name in names_in(parent, what)}


def group_of(parent: Any, name: str | bytes, what: str) -> Any:
    """Return the hard-linked group with this name.

    Raises
    ------
    DataError
        If the name is missing or leads to anything else.
    """
    link = link_of(parent, name) if isinstance(name, str) else None
    found = None
    if link is not None and link.kind == "hard":
        with suppress(KeyError, OSError, RuntimeError, TypeError):
            found = parent[name]
    if not isinstance(found, h5py.Group):
        problem = f"{what} has no hard-linked group {name!r}."
        raise DataError(problem)
    return found


def numbers_at(file: h5py.File, path: str, shape: tuple[int | None, ...], key: str) -> Any:
    """Return a float32 or float64 dataset that has the expected shape and stores all of it.

    Parameters
    ----------
    file : h5py.File
    path : str
        The dataset's path, by hard links only.
    shape : tuple of int or None
        None stands for an axis of any length.
    key : str
        The beginning of every message.

    Raises
    ------
    DataError
        If the dataset is missing, is not safe to read, has another shape or dtype, or stores
        fewer bytes than it declares.
    """
    dataset = follow(file, path, key)
    check_dataset(dataset, key)
    found = dataset.shape or ()
    if len(found) != len(shape) or any(
        n not in (m, None) for m, n in zip(found, shape, strict=True)
    ):
        wanted = str(shape).replace("None", "any")
        problem = f"{key}: {path} has the shape {dataset.shape}; expected {wanted}."
        raise DataError(problem)
    if dataset.dtype not in (np.float32, np.float64):
        problem = f"{key}: {path} is {dataset.dtype}; expected float32 or float64."
        raise DataError(problem)
    stored = int(dataset.id.get_storage_size())
    if stored < dataset.nbytes:
        problem = f"{key}: {path} declares {dataset.nbytes:,} bytes; found {stored:,} stored."
        raise DataError(problem)
    return dataset


def check_stored(file: Any, datasets: Sequence[Any], key: str) -> None:
    """Refuse datasets that together declare more bytes than their file has on disk.

    A dataset may point at a hole in the file, or at bytes that another dataset uses too.
    """
    claimed = sum(dataset.nbytes for dataset in datasets)
    there = stored_bytes(file.id.get_vfd_handle())
    if claimed > max(FREE_BYTES, there):
        problem = (
            f"{key}: {Path(file.filename).name} declares {claimed:,} bytes of numbers; "
            f"found {there:,} on disk, holes not counted."
        )
        raise DataError(problem)


def read_whole(dataset: Any, key: str) -> NDArray[Any]:
    """Return a whole dataset as a new array.

    Raises
    ------
    DataError
        If HDF5 cannot read it.
    """
    try:
        return np.ascontiguousarray(dataset[()])
    except (OSError, RuntimeError) as error:
        problem = f"{key}: {dataset.name} cannot be read; HDF5 says: {reason(error)}."
        raise DataError(problem) from error


def text_attribute(owner: Any, name: str, what: str, most: int = MAX_TEXT) -> str:
    """Return an attribute that is one text of at most `most` bytes."""
    value = _attribute(owner, name, _TEXT, "a text", what, most)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def texts_attribute(owner: Any, name: str, count: int, what: str) -> list[str]:
    """Return an attribute that is a list of `count` texts."""
    value = _attribute(owner, name, _TEXT, f"{count} texts", what, shape=(count,))
    texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in value]
    return [str(text) for text in texts]


def integer_attribute(owner: Any, name: str, what: str) -> int:
    """Return an attribute that is one integer."""
    return int(_attribute(owner, name, _INTEGER, "an integer", what))


def _attribute(  # the one reader behind the three above
    owner: Any,
    name: str,
    wanted: int,
    expected: str,
    what: str,
    most: int = MAX_TEXT,
    shape: tuple[int, ...] = (),
) -> Any:
    h5a: Any = cast("Any", h5py).h5a
    try:
        attribute = h5a.open(owner.id, name.encode())
        kind, size = attribute.get_type(), attribute.get_storage_size()
        if attribute.shape == shape and kind.get_class() == wanted and size <= most:
            value: Any = owner.attrs[name]
            if not isinstance(value, str | bytes) or len(value) <= most:
                return value
    except (KeyError, OSError, RuntimeError, TypeError, ValueError):
        pass
    problem = f"{what}: the attribute {name!r} is missing or of another type; expected {expected}."
    raise DataError(problem)

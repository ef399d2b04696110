"""Read a file that nnpipe wrote, or that somebody says it wrote: hard links, known types, no more.

Nothing out of the ordinary can be allowed here, and nothing is allocated before the file has been
seen to store it.
"""

from __future__ import annotations

import os
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from nnpipe.errors import DataError
from nnpipe.hdf5.datasets import stored_bytes
from nnpipe.hdf5.links import link_of
from nnpipe.hdf5.opening import open_file
from nnpipe.hdf5.paths import find_dataset

MAX_TEXT = 4096
"""How many bytes an attribute may have."""

MAX_NAMES = 10_000
"""How many names a group may have."""

_INTEGER, _TEXT = 0, 3


def open_artifact(path: str | os.PathLike[str], key: str, form: str) -> h5py.File:
    """Open an HDF5 file whose root says that it has the form that nnpipe writes.

    Raises
    ------
    DataError
        If it cannot be opened, begins with bytes that are not HDF5, or has another form.
    """
    file: Any = open_file(path, key)
    try:
        if file.userblock_size:
            problem = f"{key}: {path} begins with {file.userblock_size} bytes that are not HDF5."
            raise DataError(problem)
        found = text_attribute(file["/"], "format", f"{key}: {path}")
        if found != form:
            problem = f"{key}: {path} has the format {found!r}; expected {form!r}."
            raise DataError(problem)
    except BaseException:
        file.close()
        raise
    return file


def groups(parent: Any, what: str) -> dict[str, Any]:
    """Return the groups that a group holds by hard links, by name; it may hold nothing else."""
    if len(parent) > MAX_NAMES:
        problem = f"{what} holds {len(parent):,} names; expected {MAX_NAMES:,} at most."
        raise DataError(problem)
    return {name: group_of(parent, name, what) for name in parent}


def group_of(parent: Any, name: str, what: str) -> Any:
    """Return the group that a group holds under a name by a hard link.

    Raises
    ------
    DataError
        If there is no such name, or if it leads to anything else.
    """
    link = link_of(parent, name)
    if link is None or link.kind != "hard":
        problem = f"{what} holds {name!r} by {link.kind if link else 'no'} link; expected a group."
        raise DataError(problem)
    try:
        found = parent[name]
    except (KeyError, OSError, RuntimeError, TypeError) as error:
        problem = f"{what} holds {name!r}, which cannot be opened."
        raise DataError(problem) from error
    if not isinstance(found, h5py.Group):
        problem = f"{what} holds {name!r}; expected a group."
        raise DataError(problem)
    return found


def read_matrix(file: h5py.File, path: str, shape: tuple[int, ...], key: str) -> NDArray[Any]:
    """Return a dataset of a known shape as a new array in native byte order.

    Raises
    ------
    DataError
        If it is not there, has another shape or no dtype of a network, or stores less than that.
    """
    dataset: Any = find_dataset(file, path, key)
    if dataset.shape != shape:
        problem = f"{key}: {path} has the shape {dataset.shape}; expected {shape}."
        raise DataError(problem)
    dtype = dataset.dtype.newbyteorder("=")
    if dtype.name not in ("float32", "float64"):
        problem = f"{key}: {path} is {dtype}; expected float32 or float64."
        raise DataError(problem)
    declared, stored = dataset.nbytes, stored_bytes(dataset.id)
    if stored < declared:
        problem = f"{key}: {path} declares {declared:,} bytes; found {stored:,} stored."
        raise DataError(problem)
    try:
        return np.ascontiguousarray(dataset[()], dtype)
    except (OSError, RuntimeError) as error:
        problem = f"{key}: {path} cannot be read; {error}."
        raise DataError(problem) from error


def text_attribute(owner: Any, name: str, what: str) -> str:
    """Return an attribute that is one text."""
    value = _attribute(owner, name, _TEXT, "a text", what)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def integer_attribute(owner: Any, name: str, what: str) -> int:
    """Return an attribute that is one integer."""
    return int(_attribute(owner, name, _INTEGER, "an integer", what))


def _attribute(owner: Any, name: str, wanted: int, expected: str, what: str) -> Any:
    h5a: Any = cast("Any", h5py).h5a
    try:
        attribute = h5a.open(owner.id, name.encode())
        kind, size = attribute.get_type(), attribute.get_storage_size()
        if attribute.shape == () and kind.get_class() == wanted and size <= MAX_TEXT:
            value: Any = owner.attrs[name]
            if not isinstance(value, str | bytes) or len(value) <= MAX_TEXT:
                return value
    except (KeyError, OSError, RuntimeError, TypeError, ValueError):
        pass
    problem = f"{what}: the attribute {name!r} is missing or of another type; expected {expected}."
    raise DataError(problem)

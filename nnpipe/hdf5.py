"""Open HDF5 files for reading and find datasets in them; nothing else in nnpipe does."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import h5py
import numpy as np

from nnpipe.errors import DataError
from nnpipe.files import reason, stat_file
from nnpipe.registry import did_you_mean

MAX_DEPTH = 32
"""How many groups deep a listing looks."""

MAX_OBJECTS = 10_000
"""How many objects a listing looks at."""

MAX_SHOWN = 10
"""How many datasets a message shows."""

MAX_SOFT_LINKS = 16
"""How many soft links a dataset's path may lead through."""


class Listed(NamedTuple):
    """A dataset as a listing shows it; `shape` is None where nothing is stored."""

    path: str
    shape: tuple[int, ...] | None
    dtype: np.dtype[Any] | None
    scale: bool

    @property
    def usable(self) -> bool:
        """Whether it can be an input: real numbers, along at least one axis, not a scale."""
        return bool(self.shape) and is_real(self.dtype) and not self.scale

    def __str__(self) -> str:
        size = "empty" if self.shape is None else self.shape
        return f"{self.path} {size} {describe(self.dtype)}"


def open_file(path: str | os.PathLike[str], key: str) -> h5py.File:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path : path-like
        The file.
    key : str
        The config key that names it, with which every message begins.

    Raises
    ------
    DataError
        If the file is missing, not a regular file, not HDF5, cut short, or in use by a writer.
    """
    size = stat_file(path, key).st_size
    if size == 0:
        problem = f"{key}: {path} is empty; found 0 bytes; expected an HDF5 file."
        raise DataError(problem)
    try:
        with Path(path).open("rb"):
            pass
        return h5py.File(path, "r")
    except BlockingIOError:
        problem = f"{key}: {path} is being written by another program. Wait until it is done."
    except OSError as error:
        said = reason(error)
        if "signature not found" in said:
            problem = f"{key}: {path} is not an HDF5 file. Set {key} to an HDF5 file."
        elif "truncated file" in said:
            problem = f"{key}: {path} is cut short; found {size} bytes. Copy the file again."
        else:
            problem = f"{key}: {path} cannot be opened; HDF5 says: {said}."
    raise DataError(problem)


def find_dataset(
    file: h5py.File, name: str | None, key: str, ignore: h5py.Dataset | None = None
) -> h5py.Dataset:
    """Return a dataset by its path, or the only usable one.

    Parameters
    ----------
    file : h5py.File
        An open file.
    name : str or None
        The dataset's path; None stands for the only dataset of real numbers that has an axis
        and is not a dimension scale.
    key : str
        The config key that names the dataset, with which every message begins.
    ignore : h5py.Dataset, optional
        Is not meant when `name` is None: the labels.

    Raises
    ------
    DataError
        If there is no such dataset, or not exactly one; the message lists what there is.
    """
    if name is not None:
        return _follow(file, name, key)
    listed = list_datasets(file)
    usable = [one for one in listed if one.usable and file[one.path] != ignore]
    if len(usable) == 1:
        return _follow(file, usable[0].path, key)
    where = Path(file.filename).name
    if not usable:
        problem = f"{key}: {where} holds no dataset of numbers; {_contents(listed)}."
    else:
        problem = (
            f"{key}: not set, and {where} has {len(usable)} datasets of numbers; "
            f"{_contents(usable)}. Set {key} to one of these."
        )
    raise DataError(problem)


def list_datasets(file: h5py.File) -> list[Listed]:
    """Return the datasets that hard links lead to, each once, by its shortest path."""
    return [_listed(path, found) for path, found in _walk(file) if isinstance(found, h5py.Dataset)]


def is_real(dtype: np.dtype[Any] | None) -> bool:
    """Tell whether a dtype holds real numbers or truth values.

    >>> is_real(np.dtype(">f4")), is_real(np.dtype("c8"))
    (True, False)
    """
    if dtype is None or h5py.check_enum_dtype(dtype) is not None:
        return False
    return dtype.kind in "biuf"


def describe(dtype: np.dtype[Any] | None) -> str:
    """Return a dtype's name as messages say it.

    >>> describe(np.dtype(">f4")), describe(h5py.string_dtype()), describe(np.dtype("S3"))
    ('float32', 'text', 'text')
    """
    if dtype is None:
        return "of an unknown type"
    if dtype.kind == "U" or h5py.check_string_dtype(dtype) is not None:
        return "text"
    if h5py.check_enum_dtype(dtype) is not None:
        return "enumeration"
    if dtype.kind == "V":
        return "compound" if dtype.names else "opaque"
    return "object" if dtype.kind == "O" else dtype.name


def dtype_of(dataset: Any) -> np.dtype[Any] | None:
    """Return a dataset's dtype, or None where NumPy has none like it."""
    try:
        return dataset.dtype
    except (TypeError, ValueError):
        return None


def _listed(path: str, dataset: Any) -> Listed:
    return Listed(path, dataset.shape, dtype_of(dataset), dataset.is_scale)


def _walk(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield the objects of a file with their paths, the nearest to the root first."""
    waiting: deque[tuple[str, Any, int]] = deque([("", file, 0)])
    # h5py objects are equal where they are the same object of the file.
    seen: set[Any] = {file["/"]}
    while waiting:
        path, group, depth = waiting.popleft()
        for name in group:
            # A name that is not UTF-8 comes as bytes, and could not be typed in a config.
            if isinstance(name, bytes) or not isinstance(_link(group, name), h5py.HardLink):
                continue
            try:
                found = group[name]
            except (KeyError, OSError, RuntimeError):
                continue
            if found in seen:
                continue
            if len(seen) > MAX_OBJECTS:
                return
            seen.add(found)
            yield f"{path}/{name}", found
            if isinstance(found, h5py.Group) and depth < MAX_DEPTH:
                waiting.append((f"{path}/{name}", found, depth + 1))


def _absolute(name: str) -> str:
    return "/" + "/".join(part for part in name.split("/") if part not in ("", "."))


def _follow(file: Any, name: str, key: str) -> Any:
    where = Path(file.filename).name
    waiting = deque(_absolute(name).split("/")[1:])
    path, soft_links = "", 0
    found: Any = file
    while waiting:
        part = waiting.popleft()
        if not part:
            continue
        link = _link(found, part)
        if isinstance(link, h5py.SoftLink) and soft_links < MAX_SOFT_LINKS:
            soft_links += 1
            target = link.path if link.path.startswith("/") else f"{path}/{link.path}"
            waiting.extendleft(reversed(_absolute(target).split("/")[1:]))
            path, found = "", file
            continue
        if isinstance(link, h5py.ExternalLink):
            problem = (
                f"{key}: {name!r} leads out of {where}, into {link.filename}. "
                "Name that file instead."
            )
            raise DataError(problem)
        if not isinstance(link, h5py.HardLink):
            raise _unknown(file, name, "is not in", key)
        try:
            path, found = f"{path}/{part}", found[part]
        except (KeyError, OSError, RuntimeError) as error:
            problem = f"{key}: {name!r} in {where} cannot be opened; HDF5 says: {reason(error)}."
            raise DataError(problem) from error
    if not isinstance(found, h5py.Dataset):
        raise _unknown(file, name, "is not a dataset of", key)
    return found


def _link(found: Any, name: str) -> Any:
    is_group = isinstance(found, h5py.Group)
    return cast("Any", found).get(name, getlink=True) if is_group else None


def _unknown(file: h5py.File, name: str, relation: str, key: str) -> DataError:
    listed = list_datasets(file)
    hint = did_you_mean(_absolute(name), [one.path for one in listed])
    advice = f" Set {key} to one of these.{hint}" if listed else ""
    where = Path(file.filename).name
    return DataError(f"{key}: {name!r} {relation} {where}; {_contents(listed)}.{advice}")


def _contents(listed: list[Listed]) -> str:
    if not listed:
        return "it holds no dataset"
    more = len(listed) - MAX_SHOWN
    return f"it holds {', '.join(map(str, listed[:MAX_SHOWN]))}" + (
        f" and {more} more" if more > 0 else ""
    )

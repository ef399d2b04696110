"""List the datasets of an open file, by hard links only and within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np

from nnpipe.errors import shown
from nnpipe.hdf5.datasets import describe, dtype_of, is_real
from nnpipe.hdf5.links import link_of

MAX_DEPTH = 32
"""Deepest level of groups that a listing visits."""

MAX_OBJECTS = 10_000
"""Most objects that a listing visits."""

MAX_SHOWN = 10
"""Most datasets that a message names."""


class Listed(NamedTuple):
    """One dataset of a listing.

    `shape` is None for an empty dataset, and for a virtual one, whose shape depends on other files.
    """

    path: str
    shape: tuple[int, ...] | None
    dtype: np.dtype[Any] | None
    scale: bool
    virtual: bool

    @property
    def usable(self) -> bool:
        """Whether it can be an input: real numbers, at least one axis, not a dimension scale."""
        return (bool(self.shape) or self.virtual) and is_real(self.dtype) and not self.scale

    def __str__(self) -> str:
        size = "virtual" if self.virtual else "empty" if self.shape is None else self.shape
        return f"{shown(self.path)} {size} {describe(self.dtype)}"


def list_datasets(file: h5py.File) -> list[Listed]:
    """Return the datasets that hard links lead to, each once, under its shortest path."""
    return [_listed(path, found) for path, found in _walk(file) if isinstance(found, h5py.Dataset)]


def _listed(path: str, dataset: Any) -> Listed:
    if dataset.is_virtual:
        # HDF5 would open the source files to find the shape.
        return Listed(path, None, dtype_of(dataset), scale=False, virtual=True)
    return Listed(path, dataset.shape, dtype_of(dataset), dataset.is_scale, virtual=False)


def _walk(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield the objects of a file with their paths, breadth first."""
    waiting: deque[tuple[str, Any, int]] = deque([("", file, 0)])
    # Two h5py objects compare equal if they are the same object of the file.
    seen: set[Any] = {file["/"]}
    while waiting:
        path, group, depth = waiting.popleft()
        for name in group:
            # h5py returns a name that is not UTF-8 as bytes. No config could name it.
            link = None if isinstance(name, bytes) else link_of(group, name)
            if link is None or link.kind != "hard":
                continue
            try:
                found = group[name]
            except (KeyError, OSError, RuntimeError, TypeError):
                continue
            if found in seen:
                continue
            if len(seen) > MAX_OBJECTS:
                return
            seen.add(found)
            yield f"{path}/{name}", found
            if isinstance(found, h5py.Group) and depth < MAX_DEPTH:
                waiting.append((f"{path}/{name}", found, depth + 1))


def contents(listed: Sequence[Listed]) -> str:
    """Return the first datasets of a listing as a phrase for messages."""
    if not listed:
        return "it holds no dataset"
    more = len(listed) - MAX_SHOWN
    return f"it holds {', '.join(map(str, listed[:MAX_SHOWN]))}" + (
        f" and {more} more" if more > 0 else ""
    )

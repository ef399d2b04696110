"""Name the axes of stored arrays, and say what they hold, as HDF5's own readers expect it.

Dimension scales give xarray and netCDF their dimensions; the attributes of NXdata let HDF5 viewers
plot a group unasked; `long_name` and `units` are what both show.

References
----------
HDF5 Dimension Scale Specification; NeXus manual, class NXdata; CF conventions, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_TOGETHER = 1 << 16


def describe(dataset: Any, title: str, description: str) -> None:
    """Give a dataset its title, its description and its unit, which is 1: a pure number."""
    dataset.attrs["long_name"] = title
    dataset.attrs["description"] = description
    dataset.attrs["units"] = "1"
    if dataset.ndim:
        dataset.attrs["interpretation"] = "image" if dataset.ndim == 2 else "spectrum"


def add_scale(
    group: Any,
    dim: str,
    values: Any,
    title: str,
    description: str,
    check: Callable[[], None] = lambda: None,
) -> Any:
    """Return the dimension scale of a name in a group; make it if it is not there.

    Parameters
    ----------
    group : h5py.Group
        Where the scale stands. Within a group a name has one size.
    dim : str
        The dimension's name.
    values : (size,) int64
        The coordinates, sliced piece by piece.
    title, description : str
        What the coordinates are.
    check : callable
        Is called after each piece, and may raise.
    """
    if dim in group:
        return group[dim]
    scale = group.create_dataset(dim, (len(values),), np.int64)
    for start in range(0, len(values), _TOGETHER):
        part = values[start : start + _TOGETHER]
        if isinstance(part, range):
            # NumPy would make a Python number of each first, which takes 20 times as long.
            part = np.arange(part.start, part.stop, part.step)
        scale[start : start + _TOGETHER] = part
        check()
    describe(scale, title, description)
    scale.make_scale(dim)
    return scale


def attach(dataset: Any, scales: Sequence[Any]) -> None:
    """Make scales the dimensions of a dataset, in order."""
    for axis, scale in enumerate(scales):
        dataset.dims[axis].attach_scale(scale)


def mark_plot(group: Any, signal: str, dims: Sequence[str]) -> None:
    """Make a group an NXdata, by which viewers plot one of its datasets over others."""
    group.attrs["NX_class"] = "NXdata"
    group.attrs["signal"] = signal
    group.attrs["axes"] = list(dims)
    for axis, dim in enumerate(dims):
        group.attrs[f"{dim}_indices"] = axis


def mark_root(file: Any, name: str) -> Any:
    """Make a new group the file's NXentry, which viewers open first, and return it."""
    file.attrs["NX_class"] = "NXroot"
    file.attrs["default"] = name
    entry = file.create_group(name)
    entry.attrs["NX_class"] = "NXentry"
    return entry

"""Name and describe the axes of stored arrays by the conventions of HDF5's readers.

Dimension scales give xarray and netCDF their dimensions. The attributes of NXdata make HDF5 viewers
plot a group when they open it. Both show `long_name` and `units`.

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
    """Give a dataset a title, a description and the unit 1, which stands for a pure number."""
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
    """Return a group's dimension scale of this name; make it if it is missing.

    Parameters
    ----------
    group : h5py.Group
        Where the scale is stored. Within a group a name has one size.
    dim : str
        The dimension's name.
    values : (size,) int64
        The coordinates, read in blocks.
    title, description : str
        What the coordinates are.
    check : callable
        Called after each block; may raise.
    """
    if dim in group:
        return group[dim]
    scale = group.create_dataset(dim, (len(values),), np.int64)
    for start in range(0, len(values), _TOGETHER):
        part = values[start : start + _TOGETHER]
        if isinstance(part, range):
            # Without this, NumPy makes a Python number of each value, which takes 20 times as long.
            part = np.arange(part.start, part.stop, part.step)
        scale[start : start + _TOGETHER] = part
        check()
    describe(scale, title, description)
    scale.make_scale(dim)
    return scale


def attach(dataset: Any, scales: Sequence[Any]) -> None:
    """Attach scales to the axes of a dataset, in order."""
    for axis, scale in enumerate(scales):
        dataset.dims[axis].attach_scale(scale)


def mark_plot(group: Any, signal: str, dims: Sequence[str]) -> None:
    """Mark a group as an NXdata, so that viewers plot one of its datasets over others."""
    group.attrs["NX_class"] = "NXdata"
    group.attrs["signal"] = signal
    group.attrs["axes"] = list(dims)
    for axis, dim in enumerate(dims):
        group.attrs[f"{dim}_indices"] = axis


def mark_root(file: Any, name: str) -> Any:
    """Make the file's NXentry, the group that viewers open first, and return it."""
    file.attrs["NX_class"] = "NXroot"
    file.attrs["default"] = name
    entry = file.create_group(name)
    entry.attrs["NX_class"] = "NXentry"
    return entry

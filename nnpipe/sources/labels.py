"""Labels: one whole number per sample, in any stored dtype and layout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.errors import DataError
from nnpipe.sources.layout import Layout


def lay_out_labels(shape: tuple[int, ...], samples: int, what: str, key: str) -> Layout:
    """Return the layout of one label per sample. Other axes, as from MATLAB, have length 1.

    Parameters
    ----------
    shape : tuple of int
        The shape of the stored labels.
    samples : int
        The number of samples in the data, before `rows`.
    what : str
        The labels' name in messages.
    key : str
        The labels' config key, which begins a message.

    Raises
    ------
    DataError
        If there is not exactly one label for each sample.
    """
    if samples not in shape or np.prod(shape, dtype=object) != samples:
        problem = (
            f"{key}: {what} does not fit the data; found the shape {shape}; "
            f"expected {(samples,)}, one label per sample."
        )
        raise DataError(problem)
    return Layout(shape, shape.index(samples))


def as_labels(values: NDArray[Any], rows: range, what: str, key: str) -> NDArray[np.int64]:
    """Return stored numbers as labels.

    Parameters
    ----------
    values : (samples,) of any real dtype
        The numbers. Floats must be whole.
    rows : range
        The row numbers, for the message.
    what : str
        The labels' name in messages.
    key : str
        The labels' config key, which begins a message.

    Raises
    ------
    DataError
        If a number is not whole or does not fit int64.

    >>> as_labels(np.array([3.0, 1.0]), range(2), "/y", "input.labels")
    array([3, 1])
    """
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        good = (np.floor(values) == values) & (np.abs(values) < 2.0**63)
    else:
        good = values <= np.iinfo(np.int64).max
    if not good.all():
        bad = int(np.argmin(good))
        problem = (
            f"{key}: found {values[bad].item()} in row {rows[bad]} of {what}; "
            "expected whole numbers."
        )
        raise DataError(problem)
    return values.astype(np.int64)

"""Turn arrays with any number of axes into rows of samples: one axis stays, the rest is flat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.errors import DataError
from nnpipe.sources.options import RowsOptions


@dataclass(frozen=True)
class Layout:
    """The axis of the samples in a stored array.

    Parameters
    ----------
    shape : tuple of int
        The array's shape.
    axis : int
        The sample axis, 0 or greater.

    >>> Layout((28, 28, 60000), axis=2).features
    784
    """

    shape: tuple[int, ...]
    axis: int

    @property
    def samples(self) -> int:
        """The length of the sample axis."""
        return self.shape[self.axis]

    @property
    def features(self) -> int:
        """The number of features of a sample."""
        return math.prod(self.shape[: self.axis] + self.shape[self.axis + 1 :])

    def flatten(self, part: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return a part of the array as (samples, features), C-contiguous, in native byte order.

        The other axes keep their order. The last one varies fastest.
        """
        rows = np.moveaxis(part, self.axis, 0).reshape(part.shape[self.axis], self.features)
        return np.ascontiguousarray(rows, dtype)


def lay_out(shape: tuple[int, ...], sample_axis: int, what: str, key: str) -> Layout:
    """Return the layout of an array with samples along an axis, counted from the end if < 0.

    `what` names the array in messages, and `key` names its input.

    Raises
    ------
    DataError
        If the array has no such axis.
    """
    axes = len(shape)
    if not -axes <= sample_axis < axes:
        problem = (
            f"{key}.sample_axis: {what} has the shape {shape}; found {sample_axis}; "
            f"expected {-axes} to {axes - 1}."
        )
        raise DataError(problem)
    return Layout(shape, sample_axis % axes)


def select_rows(rows: RowsOptions, samples: int, what: str, key: str) -> range:
    """Return the row numbers that a slice selects.

    >>> select_rows(RowsOptions(start=-4, step=2), 10, "x.npy", "input")
    range(6, 10, 2)

    Raises
    ------
    DataError
        If it selects no row.
    """
    selected = range(samples)[slice(rows.start, rows.stop, rows.step)]
    if not selected:
        problem = (
            f"{key}.rows: no row of {what} is selected; found start {rows.start}, stop "
            f"{rows.stop}, step {rows.step}; expected a slice of its {samples} rows."
        )
        raise DataError(problem)
    return selected


def as_slice(rows: range) -> slice:
    """Return the slice that selects these rows, with its end directly after the last row.

    >>> as_slice(range(0, 10, 4))
    slice(0, 9, 4)
    """
    return slice(rows[0], rows[-1] + 1, rows.step) if rows else slice(0, 0, 1)

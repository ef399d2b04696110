"""A source over an array on disk, shared by HDF5, idx and npy files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnpipe.errors import DataError
from nnpipe.hdf5 import describe, is_real
from nnpipe.sources.labels import as_labels, lay_out_labels
from nnpipe.sources.layout import as_slice, lay_out, select_rows
from nnpipe.sources.options import RowsOptions
from nnpipe.system.files import check_unchanged

PACKED = 8
"""The greatest ratio of a sample's size to the stored bytes of a compressed file.

Zeros compress to a thousandth of their size. A real file with many samples stores more bytes than
this ratio requires for one, and a sample of equal numbers is of no use to a network.
"""

_FREE = 256 << 10


class StoredArray(Protocol):
    """An array on disk that is read in parts.

    Attributes
    ----------
    key : str
        The config key that names the array, such as ``input.dataset``.
    name : str
        The array's name in messages: ``/x in digits.h5``.
    shape : tuple of int or None
        None if the file stores no array under the name.
    dtype : np.dtype or None
        The stored dtype; None if NumPy has no equivalent.
    held : int
        An upper bound of the array's bytes in the file, for `check_width`.
    """

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...] | None: ...
    @property
    def dtype(self) -> np.dtype[Any] | None: ...
    @property
    def held(self) -> int: ...

    def block(self, axis: int) -> int:
        """Return the length of a stored block along an axis."""
        ...

    def read(self, axis: int, rows: slice) -> NDArray[Any]:
        """Return the rows along one axis, and everything along the other axes."""
        ...

    def fetch(self, axis: int, rows: slice) -> Callable[[], NDArray[Any]]:
        """Read from disk, and return a function that decodes the rows as `read` returns them."""
        ...

    def fingerprint(self) -> dict[str, Any]:
        """Return values that identify the array, ready for JSON."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class ArraySource:
    """Samples along one axis of a stored array, with optional labels and targets.

    Parameters
    ----------
    array : StoredArray
        The data, real numbers.
    labels : StoredArray or None
        One label per sample.
    sample_axis : int
        The axis of the samples, counted from the end if negative.
    rows : RowsOptions
        The samples to take, from the data, the labels and the targets.
    targets : StoredArray or None
        Real numbers per sample that the network is to predict.

    Raises
    ------
    DataError
        If the data, the labels or the rows cannot be used.
    """

    def __init__(
        self,
        array: StoredArray,
        labels: StoredArray | None,
        sample_axis: int,
        rows: RowsOptions,
        targets: StoredArray | None = None,
    ) -> None:
        shape, self.dtype = _numbers(array)
        self._array, self._labels, self._targets = array, labels, targets
        self.key = array.key.partition(".")[0]
        self._layout = lay_out(shape, sample_axis, array.name, self.key)
        check_width(array, self._layout.features)
        self.rows = select_rows(rows, self._layout.samples, array.name, self.key)
        if labels is not None:
            shape, self._label_dtype = _numbers(labels)
            self._label_layout = lay_out_labels(
                shape, self._layout.samples, labels.name, labels.key
            )
        if targets is not None:
            shape, self._target_dtype = _numbers(targets)
            axis = sample_axis if len(shape) > 1 else 0
            self._target_layout = lay_out(shape, axis, targets.name, self.key)
            check_width(targets, self._target_layout.features)
            if self._target_layout.samples != self._layout.samples:
                problem = (
                    f"{targets.key}: {targets.name} does not fit the data; found "
                    f"{self._target_layout.samples} rows; expected {self._layout.samples}, "
                    "one for each sample."
                )
                raise DataError(problem)

    @property
    def samples(self) -> int:
        """The number of samples taken."""
        return len(self.rows)

    @property
    def features(self) -> int:
        """The number of features of a sample."""
        return self._layout.features

    @property
    def block(self) -> int:
        """The number of samples in a stored block."""
        return max(1, self._array.block(self._layout.axis) // self.rows.step)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the samples from start to stop, (stop - start, features)."""
        rows = as_slice(self.rows[start:stop])
        return self._layout.flatten(self._array.read(self._layout.axis, rows), self.dtype)

    def fetch(self, start: int, stop: int) -> Callable[[], NDArray[Any]]:
        """Read from disk; see `Fetching.fetch`."""
        layout, dtype = self._layout, self.dtype
        decode = self._array.fetch(layout.axis, as_slice(self.rows[start:stop]))
        return lambda: layout.flatten(decode(), dtype)

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        """Return the labels of the samples from start to stop, or None if there are none."""
        if self._labels is None:
            return None
        rows = self.rows[start:stop]
        part = self._labels.read(self._label_layout.axis, as_slice(rows))
        values = self._label_layout.flatten(part, self._label_dtype)
        return as_labels(values[:, 0], rows, self._labels.name, self._labels.key)

    def targets(self, start: int, stop: int) -> NDArray[Any] | None:
        """Return the targets of the samples, (stop - start, outputs), or None if there are none."""
        if self._targets is None:
            return None
        rows = as_slice(self.rows[start:stop])
        part = self._targets.read(self._target_layout.axis, rows)
        return self._target_layout.flatten(part, self._target_dtype)

    def fingerprint(self) -> dict[str, Any]:
        """Return values that identify this input, ready for JSON."""
        rows = self.rows
        found = self._array.fingerprint() | {
            "sample_axis": self._layout.axis,
            "rows": [rows.start, rows.stop, rows.step],
        }
        if self._labels is not None:
            found["labels"] = self._labels.fingerprint()
        if self._targets is not None:
            found["targets"] = self._targets.fingerprint()
        return found

    def paths(self) -> dict[str, str]:
        """Return the files by option. Labels and targets in the data's file have no entry."""
        found: dict[str, str] = {}
        for array in self._arrays:
            path = str(array.fingerprint()["path"])
            if path not in found.values():
                option = array.key.partition(".")[2]
                found["path" if array is self._array else option] = path
        return found

    def check_unchanged(self) -> None:
        """Raise DataError if a file has changed since it was opened."""
        for array in self._arrays:
            key = f"{self.key}.path" if array is self._array else array.key
            check_unchanged(array.fingerprint(), key)

    @property
    def _arrays(self) -> list[StoredArray]:
        given = (self._array, self._labels, self._targets)
        return [array for array in given if array is not None]

    def close(self) -> None:
        """Close the files."""
        for array in self._arrays:
            array.close()


def check_width(array: StoredArray, features: int) -> None:
    """Refuse samples larger than their file, because the width decides the size of the network.

    The number of samples is not limited, even in a file with holes: few are read at a time.

    Raises
    ------
    DataError
    """
    size = features * (array.dtype or np.dtype(np.uint8)).itemsize
    if size > max(_FREE, array.held):
        problem = (
            f"{array.key}: {array.name} declares samples of {size:,} bytes, more than its file "
            f"holds; found {array.held:,}. Store all the numbers that it declares."
        )
        raise DataError(problem)


def _numbers(array: StoredArray) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the native dtype of an array that holds real numbers."""
    dtype, shape = array.dtype, array.shape
    if dtype is None or not is_real(dtype):
        problem = f"{array.key}: {array.name} is {describe(dtype)}; expected real numbers."
        raise DataError(problem)
    if shape == ():
        problem = f"{array.key}: {array.name} is one number; expected an array of samples."
        raise DataError(problem)
    if shape is None or 0 in shape:
        found = "" if shape is None else f"found the shape {shape}; "
        problem = f"{array.key}: {array.name} is empty; {found}expected at least one sample."
        raise DataError(problem)
    return shape, dtype.newbyteorder("=")

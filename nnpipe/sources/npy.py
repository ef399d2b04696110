"""Samples from a NumPy .npy file. Only the requested rows are read."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import Any, Literal, cast
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.errors import DataError
from nnpipe.sources.array import ArraySource
from nnpipe.sources.options import FileOptions
from nnpipe.system.files import fingerprint, open_regular, reason, stat_file, stored_bytes

_HEADER_BYTES = 1 << 14


# The errors that NumPy raises for an invalid header; TypeError if it cannot sort the keys.
_HEADER_ERRORS = (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, TokenError)


class NpyArray:
    """The stored array of a .npy file.

    Parameters
    ----------
    path : str
        The file.
    key : str
        The config key of the file, which begins every message.

    Raises
    ------
    DataError
        If the file is missing, truncated or of another format, or contains Python objects.

    References
    ----------
    NumPy Enhancement Proposal 1: a simple file format for NumPy arrays.
    """

    def __init__(self, path: str, key: str) -> None:
        self.key, self.name = key, Path(path).name
        self._path = path
        self._status = stat_file(path, key)
        try:
            with open_regular(path, follow=True) as file:
                self.held = stored_bytes(file.fileno())
                # A header may claim any length, so the read is limited.
                head = io.BytesIO(file.read(_HEADER_BYTES))
        except (OSError, ValueError) as error:
            problem = f"{key}: {path} cannot be opened; {reason(error)}."
            raise DataError(problem) from error
        if head.getvalue()[:4] == b"PK\x03\x04":
            problem = f"{key}: {path} is an archive of arrays (.npz). Save one with numpy.save."
            raise DataError(problem)
        try:
            version = npy_format.read_magic(head)
            read_header = (
                npy_format.read_array_header_1_0
                if version == (1, 0)
                else npy_format.read_array_header_2_0
            )
            with catch_warnings():
                simplefilter("ignore")  # NumPy warns about headers from Python 2
                self.shape, fortran, self.dtype = read_header(head)
        except _HEADER_ERRORS as error:
            problem = f"{key}: {path} is not a .npy file; NumPy says: {reason(error)}"
            raise DataError(problem) from error
        self._order: Literal["C", "F"] = "F" if fortran else "C"
        self._offset = head.tell()
        self._check_size()

    def _check_size(self) -> None:
        dtype = self.dtype
        if dtype.hasobject:
            problem = (
                f"{self.key}: {self.name} contains Python objects, which are never loaded; "
                "expected real numbers. Save it with a numeric dtype."
            )
            raise DataError(problem)
        expected = self._offset + math.prod(self.shape) * dtype.itemsize
        found = self._status.st_size
        # NumPy accepts True for 1 in a shape, and fails later.
        odd = any(isinstance(n, bool) or n < 0 for n in self.shape)
        if odd or found < expected:
            problem = (
                f"{self.key}: {self.name} is cut short; found {found} bytes; expected {expected} "
                f"for {self.shape} {dtype.name}. Copy the file again."
            )
            raise DataError(problem)

    def block(self, axis: int) -> int:
        """Return 1: the file has no chunks."""
        return 1

    def read(self, axis: int, rows: slice) -> NDArray[Any]:
        """Return the rows along one axis, and everything along the other axes.

        The file is read, not mapped. A mapping counts as memory of this process long after its
        use, and accessing it kills the process if the file has been truncated meanwhile.
        """
        # In the file the array is (outer, axis, inner), so neighbours along the axis are adjacent.
        fortran = self._order == "F"
        shape = self.shape[::-1] if fortran else self.shape
        axis = len(shape) - 1 - axis if fortran else axis
        outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        wanted = range(rows.start, rows.stop, rows.step)
        part = np.empty((outer, len(wanted), inner), self.dtype)
        together = max(1, len(wanted)) if rows.step == 1 else 1
        try:
            with open_regular(self._path, follow=True) as buffered:
                file = cast("io.FileIO", buffered.raw)
                for index in range(outer):
                    for first in range(0, len(wanted), together):
                        place = (index * shape[axis] + wanted[first]) * inner
                        file.seek(self._offset + place * self.dtype.itemsize)
                        self._fill(file, part[index, first : first + together])
        except (OSError, ValueError) as error:
            problem = f"{self.key}: {self.name} cannot be read; {reason(error)}."
            raise DataError(problem) from error
        part = part.reshape(*shape[:axis], len(wanted), *shape[axis + 1 :])
        return part.T if fortran else part

    def _fill(self, file: io.FileIO, part: NDArray[Any]) -> None:
        waiting = memoryview(cast("Any", part.reshape(-1).view(np.uint8)))
        while waiting:
            count = file.readinto(waiting)
            if not count:
                problem = (
                    f"{self.key}: {self.name} cannot be read; it ends before its last row. "
                    "Copy the file again."
                )
                raise DataError(problem)
            waiting = waiting[count:]

    def fetch(self, axis: int, rows: slice) -> Callable[[], NDArray[Any]]:
        """Read the rows, and return a function that returns them."""
        part = self.read(axis, rows)
        return lambda: part

    def fingerprint(self) -> dict[str, Any]:
        """Return the file's fingerprint, and the array's shape and dtype."""
        return {
            "kind": "npy",
            **fingerprint(self._path, self._status),
            "shape": list(self.shape),
            "dtype": str(self.dtype),
        }

    def close(self) -> None:
        """Do nothing: no file stays open between reads."""


@dataclass(frozen=True)
class NpyOptions(FileOptions):
    """The options of npy."""

    sample_axis: int = option(0, "axis of the samples; -1 for files from Julia, MATLAB and Fortran")
    labels: str | None = option(None, "a second .npy file with class numbers")


def open_npy(options: NpyOptions, seed: int, key: str) -> ArraySource:
    """Open the array that a config names, and its labels.

    Raises
    ------
    DataError
        If the file, the labels or the rows cannot be used.
    """
    data = NpyArray(options.path, f"{key}.path")
    labels = None if options.labels is None else NpyArray(options.labels, f"{key}.labels")
    return ArraySource(data, labels, options.sample_axis, options.rows)


npy = Kind(NpyOptions, lambda options: partial(open_npy, options))

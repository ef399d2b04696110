"""Samples from a file in the MNIST format (idx), plain or gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.errors import DataError
from nnpipe.sources.array import PACKED, ArraySource
from nnpipe.sources.options import FileOptions
from nnpipe.system.files import fingerprint, open_regular, reason, stat_file, stored_bytes

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_MAX_RATIO = 1100  # gzip expands one byte to at most 1032


class IdxArray:
    """The stored array of an idx file, with the samples along the first axis.

    Parameters
    ----------
    path : str
        The file. Its first bytes show whether it is gzip.
    key : str
        The config key of the file, which begins every message.

    Raises
    ------
    DataError
        If the file is missing, of another format, or shorter than it declares.

    References
    ----------
    LeCun, Cortes, Burges: The MNIST database of handwritten digits, "File formats".
    """

    def __init__(self, path: str, key: str) -> None:
        self.key, self.name = key, Path(path).name
        self._path = path
        self._status = stat_file(path, key)
        try:
            file = open_regular(path, follow=True)
            self._packed = file.peek(2)[:2] == _GZIP
            self.held = stored_bytes(file.fileno()) * (PACKED if self._packed else 1)
            self._file: Any = gzip.GzipFile(fileobj=file) if self._packed else file
            self._plain = file
        except (OSError, ValueError) as error:
            problem = f"{key}: {path} cannot be opened; {reason(error)}."
            raise DataError(problem) from error
        # Another thread must not seek between a seek and its read.
        self._lock = Lock()
        try:
            self.shape, self.dtype = self._header()
            self._row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
            self._offset = 4 + 4 * len(self.shape)
            self._check_size()
        except BaseException:
            self.close()
            raise

    def _header(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        magic = bytes(self._take(4))
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES or magic[3] == 0:
            problem = (
                f"{self.key}: {self._path} is not in the MNIST format (idx); found the first bytes "
                f"'{magic.hex(' ')}'; expected 00 00, a type from 08 to 0e, a number of axes."
            )
            raise DataError(problem)
        sizes = self._take(4 * magic[3])
        if len(sizes) < 4 * magic[3]:
            problem = f"{self.key}: {self.name} ends in its header. Download the file again."
            raise DataError(problem)
        return struct.unpack(f">{magic[3]}I", sizes), np.dtype(_DTYPES[magic[2]])

    def _check_size(self) -> None:
        found = self._status.st_size - self._offset
        expected = self.shape[0] * self._row_bytes
        if self._packed:
            if expected > self._status.st_size * _MAX_RATIO:
                problem = (
                    f"{self.key}: {self.name} declares {expected:,} bytes; found "
                    f"{self._status.st_size:,} bytes of gzip, which cannot hold them. "
                    "Download the file again."
                )
                raise DataError(problem)
            return
        if found < expected:
            raise self._short(found)
        if found > expected:
            problem = (
                f"{self.key}: {self.name} is longer than its header declares; found {found} bytes "
                f"of data; expected {expected} for {self.shape} {self.dtype.name}."
            )
            raise DataError(problem)

    def _short(self, data_bytes: int) -> DataError:
        rows = max(0, data_bytes) // max(1, self._row_bytes)
        return DataError(
            f"{self.key}: {self.name} ends after {rows} rows; its header declares "
            f"{self.shape[0]}. Download the file again."
        )

    def block(self, axis: int) -> int:
        """Return 1: the file has no chunks."""
        return 1

    def read(self, axis: int, rows: slice) -> NDArray[Any]:
        """Return rows along the first axis, with the other axes flattened."""
        selected = range(rows.start, rows.stop, rows.step)
        together = rows.step == 1
        parts = [selected] if together else [selected[i : i + 1] for i in range(len(selected))]
        data = bytearray()
        with self._lock:
            for part in parts:
                if part:
                    self._seek(self._offset + part.start * self._row_bytes)
                    data += self._take(len(part) * self._row_bytes)
            end = self._file.tell()
        if len(data) < len(selected) * self._row_bytes:
            raise self._short(end - self._offset)
        return np.frombuffer(data, self.dtype).reshape(len(selected), math.prod(self.shape[1:]))

    def _seek(self, position: int) -> None:
        if not self._packed:
            self._file.seek(position)
            return
        if position < self._file.tell():
            self._file.seek(0)
        left = position - self._file.tell()
        while left > 0:
            taken = len(self._take(min(left, _BLOCK)))
            if not taken:
                return
            left -= taken

    def _take(self, size: int) -> bytearray:
        """Return the next bytes, or fewer if the file or its gzip data ends early.

        Reading in blocks limits the memory to the bytes in the file, whatever size is requested.
        """
        taken = bytearray()
        while len(taken) < size:
            try:
                block: bytes = self._file.read1(min(size - len(taken), _BLOCK))
            except EOFError:
                break
            except (OSError, zlib.error) as error:
                problem = (
                    f"{self.key}: {self.name} is damaged; {reason(error)}. Download the file again."
                )
                raise DataError(problem) from error
            if not block:
                break
            taken += block
        return taken

    def fetch(self, axis: int, rows: slice) -> Callable[[], NDArray[Any]]:
        """Read the rows, and return a function that returns them."""
        part = self.read(axis, rows)
        return lambda: part

    def fingerprint(self) -> dict[str, Any]:
        """Return the file's fingerprint, and the array's shape and dtype."""
        return {
            "kind": "idx",
            **fingerprint(self._path, self._status),
            "shape": list(self.shape),
            "dtype": str(self.dtype),
        }

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._plain.close()


@dataclass(frozen=True)
class IdxOptions(FileOptions):
    """The options of idx."""

    labels: str | None = option(None, "file of labels in the same format")


def open_idx(options: IdxOptions, seed: int, key: str) -> ArraySource:
    """Open the file that a config names, and the file of its labels.

    Raises
    ------
    DataError
        If the file, the labels or the rows cannot be used.
    """
    data = IdxArray(options.path, f"{key}.path")
    labels = None
    try:
        if options.labels is not None:
            labels = IdxArray(options.labels, f"{key}.labels")
        return ArraySource(data, labels, 0, options.rows)
    except BaseException:
        data.close()
        if labels is not None:
            labels.close()
        raise


idx = Kind(IdxOptions, lambda options: partial(open_idx, options))

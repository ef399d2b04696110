"""Write HDF5 files so that a full disk raises an error and never crashes the process.

The HDF5 library cannot close a file whose last writes failed: it keeps the file open, tries again
at exit, and crashes the process. This module therefore hides failures from the library. After the
first error it keeps further writes in memory, where the library can read them back. It raises the
error once the library has closed the file.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, BinaryIO

import h5py


@contextmanager
def new_hdf5(file: BinaryIO) -> Generator[tuple[h5py.File, Callable[[], None]]]:
    """Yield an HDF5 file inside a new, empty file, and a function that raises the first error.

    Raises
    ------
    OSError
        At the latest at the end of the block, if a write failed.
    """
    with _Disk(file.fileno(), str(file.name)) as disk:
        with h5py.File(disk, "w", libver=("v108", "v110")) as opened:
            yield opened, disk.check
        disk.check()


class _Disk(io.RawIOBase):
    """A file object for h5py on which no write fails."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self._name = name
        self._place = 0
        self._error: OSError | None = None
        self._kept: list[tuple[int, bytes]] = []

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            raise OSError(self._error.errno, self._error.strerror, self._name)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position."""
        if whence == os.SEEK_END:
            ends = [start + len(data) for start, data in self._kept]
            offset += max([os.fstat(self._descriptor).st_size, *ends])
        elif whence == os.SEEK_CUR:
            offset += self._place
        self._place = offset
        return offset

    def tell(self) -> int:
        """Return the current position."""
        return self._place

    def write(self, data: Any) -> int:
        """Write at the current position; keep the data in memory after an error."""
        octets = memoryview(data).cast("B")
        written = 0
        try:
            while self._error is None and written < len(octets):
                written += os.pwrite(self._descriptor, octets[written:], self._place + written)
        except OSError as error:
            self._error = error
        if self._error is not None:
            self._kept.append((self._place, bytes(octets)))
        self._place += len(octets)
        return len(octets)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the current position."""
        octets = memoryview(buffer).cast("B")
        start, stop = self._place, self._place + len(octets)
        found = os.pread(self._descriptor, len(octets), start)
        octets[:] = found.ljust(len(octets), b"\0")
        for place, data in self._kept:
            first, last = max(start, place), min(stop, place + len(data))
            if first < last:
                octets[first - start : last - start] = data[first - place : last - place]
        self._place = stop
        return len(octets)

    def truncate(self, size: int | None = None) -> int:
        """Set the file's size."""
        size = self._place if size is None else size
        try:
            if self._error is None:
                os.ftruncate(self._descriptor, size)
        except OSError as error:
            self._error = error
        return size

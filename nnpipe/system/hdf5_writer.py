"""Write HDF5 files so that a disk that fills up is an error, and never the end of the process.

The HDF5 library cannot close a file whose last writes failed: it keeps it open, tries again when
the process ends, and crashes it. So nothing fails as the library sees it: after the first error
what it writes is kept in memory, where it finds it again, until it has closed the file. The error
is raised then.
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
    """Yield an HDF5 file in a new, empty one, and a function that raises the first error, if any.

    Raises
    ------
    OSError
        At the end of the block at the latest, if something could not be written.
    """
    with _Disk(file.fileno(), str(file.name)) as disk:
        with h5py.File(disk, "w", libver=("v108", "v110")) as opened:
            yield opened, disk.check
        disk.check()


class _Disk(io.RawIOBase):
    """A new file as h5py takes it, on which no write fails."""

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
        """Move to a place."""
        if whence == os.SEEK_END:
            ends = [start + len(data) for start, data in self._kept]
            offset += max([os.fstat(self._descriptor).st_size, *ends])
        elif whence == os.SEEK_CUR:
            offset += self._place
        self._place = offset
        return offset

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def write(self, data: Any) -> int:
        """Write at the place, or keep in mind what cannot be written."""
        view = memoryview(data).cast("B")
        written = 0
        try:
            while self._error is None and written < len(view):
                written += os.pwrite(self._descriptor, view[written:], self._place + written)
        except OSError as error:
            self._error = error
        if self._error is not None:
            self._kept.append((self._place, bytes(view)))
        self._place += len(view)
        return len(view)

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the place on."""
        view = memoryview(buffer).cast("B")
        start, stop = self._place, self._place + len(view)
        found = os.pread(self._descriptor, len(view), start)
        view[:] = found.ljust(len(view), b"\0")
        for place, data in self._kept:
            first, last = max(start, place), min(stop, place + len(data))
            if first < last:
                view[first - start : last - start] = data[first - place : last - place]
        self._place = stop
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the file's size."""
        size = self._place if size is None else size
        try:
            if self._error is None:
                os.ftruncate(self._descriptor, size)
        except OSError as error:
            self._error = error
        return size

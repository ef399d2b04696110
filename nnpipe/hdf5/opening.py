"""Open an HDF5 file: a regular file, that no writer holds, whose objects a child has survived."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import h5py

from nnpipe.errors import DataError
from nnpipe.files import reason, stat_file
from nnpipe.hdf5.listing import list_datasets
from nnpipe.hdf5.rehearsal import rehearse


def open_file(path: str | os.PathLike[str], key: str) -> h5py.File:
    """Open an HDF5 file for reading, once a child process has opened it and listed what it holds.

    Raises
    ------
    DataError
        As `stat_file` does; or if the file is not HDF5, cut short or in use by a writer, or if
        HDF5 does not survive it.
    """
    rehearse(lambda: list_datasets(reopen(path, key)), f"{key}: {path}")
    return reopen(path, key)


def reopen(path: str | os.PathLike[str], key: str) -> h5py.File:
    """Open a file as `open_file` does, once a child process has done that already."""
    size = stat_file(path, key).st_size
    if size == 0:
        problem = f"{key}: {path} is empty; found 0 bytes; expected an HDF5 file."
        raise DataError(problem)
    try:
        with Path(path).open("rb"):
            pass
        return _locked(path)
    except BlockingIOError:
        problem = f"{key}: {path} is being written by another program. Wait until it is done."
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        said = reason(error)
        if "signature not found" in said:
            problem = f"{key}: {path} is not an HDF5 file. Set {key} to an HDF5 file."
        elif "truncated file" in said:
            problem = f"{key}: {path} is cut short; found {size} bytes. Copy the file again."
        elif "already open for write" in said:
            problem = (
                f"{key}: {path} was left open by a program that wrote it, and may be half written. "
                "Write it again, or mend it with h5clear."
            )
        else:
            problem = f"{key}: {path} cannot be opened; HDF5 says: {said}."
    raise DataError(problem)


def _locked(path: str | os.PathLike[str]) -> h5py.File:
    """Open a file with a lock that keeps writers out, where the file system has locks."""
    try:
        return h5py.File(path, "r", locking="best-effort")
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
            raise
        return h5py.File(path, "r", locking=False)

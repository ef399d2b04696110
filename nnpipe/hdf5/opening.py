"""Open an HDF5 file: a regular file, that no writer holds, whose objects a child has survived."""

from __future__ import annotations

import errno
import os
from typing import Any

import h5py

from nnpipe.errors import DataError
from nnpipe.hdf5.listing import list_datasets
from nnpipe.hdf5.probe import probe
from nnpipe.system.files import open_regular, reason, stat_file


def open_file(path: str | os.PathLike[str], key: str) -> h5py.File:
    """Open an HDF5 file for reading, once a child process has opened it and listed what it holds.

    Raises
    ------
    DataError
        As `stat_file` does; or if the file is not HDF5, cut short or in use by a writer, or if
        HDF5 does not survive it.
    """
    probe(lambda: list_datasets(reopen(path, key)), f"{key}: {path}")
    return reopen(path, key)


def reopen(
    path: str | os.PathLike[str], key: str, inside: str | os.PathLike[str] | None = None
) -> h5py.File:
    """Open a file as `open_file` does, once a child process has done that already.

    Parameters
    ----------
    path, key
        As `open_file` takes them.
    inside : path-like, optional
        The folder above an artifact, in which no link leads to it; an input may be behind links.
    """
    size = stat_file(path, key).st_size
    if size == 0:
        problem = f"{key}: {path} is empty; found 0 bytes; expected an HDF5 file."
        raise DataError(problem)
    try:
        seen = open_regular(path, inside, follow=inside is None)
    except (OSError, ValueError) as error:
        problem = f"{key}: {path} cannot be opened; {reason(error)}."
        raise DataError(problem) from error
    try:
        with seen:
            return _same(_locked(path), seen.fileno())
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


def _same(file: Any, descriptor: int) -> h5py.File:
    """Return a file, if it is the one that was seen: HDF5 opens by name, which may have changed."""
    if not os.path.sameopenfile(file.id.get_vfd_handle(), descriptor):
        file.close()
        problem = "another file has taken its name"
        raise ValueError(problem)
    return file


def _locked(path: str | os.PathLike[str]) -> h5py.File:
    """Open a file with a lock that keeps writers out, where the file system has locks."""
    try:
        return h5py.File(path, "r", locking="best-effort")
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
            raise
        return h5py.File(path, "r", locking=False)

"""Open a regular HDF5 file without a writer, after a child has listed it without crashing."""

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
    """Open an HDF5 file for reading, after a child process has listed it without crashing.

    Raises
    ------
    DataError
        As `stat_file` does; or if the file is not HDF5, is truncated or in use by a writer, or
        crashes HDF5.
    """
    probe(lambda: list_datasets(reopen(path, key)), f"{key}: {path}")
    return reopen(path, key)


def reopen(
    path: str | os.PathLike[str], key: str, inside: str | os.PathLike[str] | None = None
) -> h5py.File:
    """Open a file as `open_file` does, but without a child process.

    Parameters
    ----------
    path, key
        As in `open_file`.
    inside : path-like, optional
        A folder above an artifact; no link below it is followed. An input may be behind links.
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
        found = reason(error)
        if "signature not found" in found:
            problem = f"{key}: {path} is not an HDF5 file. Set {key} to an HDF5 file."
        elif "truncated file" in found:
            problem = f"{key}: {path} is cut short; found {size} bytes. Copy the file again."
        elif "already open for write" in found:
            problem = (
                f"{key}: {path} was not closed by the program that wrote it; it may be incomplete. "
                "Write it again, or repair it with h5clear."
            )
        else:
            problem = f"{key}: {path} cannot be opened; HDF5 says: {found}."
    raise DataError(problem)


def _same(file: Any, descriptor: int) -> h5py.File:
    """Check that HDF5, which opens files by name, has opened the file behind the descriptor."""
    if not os.path.sameopenfile(file.id.get_vfd_handle(), descriptor):
        file.close()
        problem = "another file has taken its name"
        raise ValueError(problem)
    return file


def _locked(path: str | os.PathLike[str]) -> h5py.File:
    """Open a file with a lock against writers, if the file system has locks."""
    try:
        return h5py.File(path, "r", locking="best-effort")
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
            raise
        return h5py.File(path, "r", locking=False)

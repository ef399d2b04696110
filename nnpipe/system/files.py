"""Open regular files only: no pipe that blocks, and no link unless the caller allows it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from nnpipe.errors import DataError

_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_EXTENTS = 1 << 16


def open_regular(
    path: str | os.PathLike[str],
    inside: str | os.PathLike[str] | None = None,
    *,
    follow: bool = False,
) -> BufferedReader:
    """Open a regular file for reading: no pipe, which could block, and no device.

    Parameters
    ----------
    path : path-like
        The file.
    inside : path-like, optional
        A folder above the file; no link below it is followed. Without it, only the file itself
        must not be a link.
    follow : bool
        Follow links all the same: a user may name an input by a link.

    Raises
    ------
    FileNotFoundError
    OSError
        If the file cannot be opened, or is a link or behind one.
    ValueError
        If it is not a regular file.
    """
    path = Path(path)
    folder = Path(path.parent if inside is None else inside)
    *between, name = path.relative_to(folder).parts or ("",)
    reach = os.open(folder, _FOLDER)
    try:
        for part in between:
            further = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=reach)
            os.close(reach)
            reach = further
        descriptor = os.open(name, _READING | (0 if follow else os.O_NOFOLLOW), dir_fd=reach)
    except OSError as error:
        linked = not follow and error.errno in (errno.ELOOP, errno.ENOTDIR)
        raise OSError(error.errno, "it is a link", str(path)) if linked else error from None
    finally:
        os.close(reach)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        problem = "not a regular file"
        raise ValueError(problem)
    return open(descriptor, "rb")


def stored_bytes(descriptor: int) -> int:
    """Return how many bytes of a file are stored; holes do not count.

    This is the greater of the allocated blocks and the extents outside of holes, since each can be
    too low. A compressing file system allocates fewer blocks, and a network file system may report
    none, but neither shows holes. A file written a moment ago may show holes until its blocks are
    allocated.
    """
    status = os.fstat(descriptor)
    blocks, end = status.st_blocks * 512, status.st_size
    if blocks >= end:
        return end
    outside, at, place = 0, 0, os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        for _ in range(_EXTENTS):
            at = os.lseek(descriptor, at, os.SEEK_DATA)
            hole = os.lseek(descriptor, at, os.SEEK_HOLE)
            outside, at = outside + hole - at, hole
            if at >= end:
                break
    except OSError:  # no data after this place
        pass
    finally:
        os.lseek(descriptor, place, os.SEEK_SET)
    return min(end, max(blocks, outside))


def stat_file(path: str | os.PathLike[str], key: str) -> os.stat_result:
    """Return a regular file's status.

    Parameters
    ----------
    path : path-like
        The file.
    key : str
        The config key that names it; every message begins with it.

    Raises
    ------
    DataError
        If the file is missing or cannot be reached, or if it is a folder, a pipe or a device.
    """
    path = Path(path)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        base = "" if path.is_absolute() else f" Relative paths start in {Path.cwd()}."
        problem = f"{key}: {path} does not exist; expected a file.{base}"
        raise DataError(problem) from error
    except (OSError, ValueError) as error:
        problem = f"{key}: {str(path)!r} cannot be opened; {reason(error)}. Check the path."
        raise DataError(problem) from error
    if stat.S_ISDIR(status.st_mode):
        problem = f"{key}: {path} is a folder; expected a file. Name a file in it."
        raise DataError(problem)
    if not stat.S_ISREG(status.st_mode):
        # Opening a pipe waits for a writer, forever if there is none.
        problem = f"{key}: {path} is a pipe or a device; expected a file. Copy it to one."
        raise DataError(problem)
    return status


def fingerprint(path: str | os.PathLike[str], status: os.stat_result) -> dict[str, Any]:
    """Return what identifies a version of a file without reading it, ready for JSON."""
    return {
        "path": str(Path(path).absolute()),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }


def check_unchanged(known: Mapping[str, Any], key: str) -> None:
    """Refuse a file that has changed since its fingerprint was taken.

    Parameters
    ----------
    known : mapping
        The fingerprint; one without a path stands for no file.
    key : str
        The config key that names the file; every message begins with it.

    Raises
    ------
    DataError
        If the file is gone, or has another size or modification time.
    """
    path = known.get("path")
    if path is None:
        return
    status = stat_file(path, key)
    if fingerprint(path, status) != {name: known[name] for name in ("path", "size", "mtime_ns")}:
        problem = (
            f"{key}: {path} has changed since the run began, so the run may have read parts of two "
            "versions. Run again once nothing writes to it."
        )
        raise DataError(problem)


def reason(error: BaseException) -> str:
    """Return the system's reason for an error, without the path, which the message already has.

    >>> reason(PermissionError(13, "Permission denied", "data.h5"))
    'Permission denied'
    """
    text = error.strerror if isinstance(error, OSError) else None
    return " ".join((text or str(error) or type(error).__name__).split())

"""Open files for reading: regular ones alone, so that nothing is waited for or followed unasked."""

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
    """Open a regular file for reading: no pipe, which would be waited for, and no device.

    Parameters
    ----------
    path : path-like
        The file.
    inside : path-like, optional
        A folder above the file; no link is followed from there on. Without it the file itself
        must not be a link.
    follow : bool
        Let links lead to the file after all: a user who names an input may name one.

    Raises
    ------
    FileNotFoundError
    OSError
        If it cannot be opened, or is a link; one that a link is on the way to is not there.
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
    """Return how many bytes of a file are there: its holes take no room and are not counted.

    It is what the file has blocks for, or what lies outside of holes, if that is more. Each can be
    too little where the other is not: a file system that packs what it stores has fewer blocks,
    and one of a network may have none to tell of, but neither has holes; a file that was written
    a moment ago may have holes until its blocks are chosen.
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
        The config key that names it, with which every message begins.

    Raises
    ------
    DataError
        If there is no such file, if it cannot be reached, or if it is a folder, a pipe or a
        device.
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
        # Opening a pipe waits for its writer, for ever if there is none.
        problem = f"{key}: {path} is a pipe or a device; expected a file. Copy it to one."
        raise DataError(problem)
    return status


def fingerprint(path: str | os.PathLike[str], status: os.stat_result) -> dict[str, Any]:
    """Return what tells a file from its other versions without reading it, ready for JSON."""
    return {
        "path": str(Path(path).absolute()),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }


def check_unchanged(known: Mapping[str, Any], key: str) -> None:
    """Refuse a file that is no longer the one whose fingerprint was taken.

    Parameters
    ----------
    known : mapping
        The fingerprint; one without a path stands for no file.
    key : str
        The config key that names the file, with which every message begins.

    Raises
    ------
    DataError
        If it is gone, or its size or its time of modification is another.
    """
    path = known.get("path")
    if path is None:
        return
    status = stat_file(path, key)
    if fingerprint(path, status) != {name: known[name] for name in ("path", "size", "mtime_ns")}:
        problem = (
            f"{key}: {path} has changed since the run began, so that what was read may be of two "
            "files. Run again once nothing writes to it."
        )
        raise DataError(problem)


def reason(error: BaseException) -> str:
    """Return what the system says, without the path that the message has already.

    >>> reason(PermissionError(13, "Permission denied", "data.h5"))
    'Permission denied'
    """
    said = error.strerror if isinstance(error, OSError) else None
    return " ".join((said or str(error) or type(error).__name__).split())

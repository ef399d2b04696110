"""Look at a file before it is opened, so that a wrong path is answered and never waited for."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnpipe.errors import DataError


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

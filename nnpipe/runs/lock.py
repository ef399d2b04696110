"""Hold a lock on a file for as long as a run goes on, so that running is told from killed.

The system lets go of the lock when the process ends, however it ends.

References
----------
flock(2) of Linux and BSD.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nnpipe.errors import RunError

_GLANCE = 0.5
"""Seconds after which a lock is no longer one that `is_held` had for an instant."""


@contextmanager
def hold(path: Path, refusal: str | None = None) -> Generator[None]:
    """Lock a folder or a file, which is made if it is missing, until the block ends.

    On a file system without locks nothing is held, and a run there looks killed while it goes.

    Parameters
    ----------
    path : Path
        What to lock.
    refusal : str, optional
        What to say where another process has the lock. Without it that process is waited for.

    Raises
    ------
    RunError
        With the refusal.
    """
    folder = path.is_dir()
    descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        _lock(descriptor, refusal)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, refusal: str | None) -> None:
    end = time.monotonic() + _GLANCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise RunError(refusal) from error
            time.sleep(0.02)
        except OSError:
            return  # a file system without locks
        else:
            return


def is_held(path: Path) -> bool:
    """Tell whether any process holds the lock on a file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False

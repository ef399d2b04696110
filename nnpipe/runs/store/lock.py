"""Lock a file while a run is running, so that a killed run can be recognized.

The system releases the lock when the process ends, however it ends.

References
----------
flock(2) of Linux and BSD.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from nnpipe.errors import RunError

_GLANCE = 0.5
"""Seconds to retry: `is_held` of another process takes the lock for an instant."""


def lock(descriptor: int, refusal: str | None = None) -> None:
    """Lock an open file or folder until its descriptor is closed.

    Parameters
    ----------
    descriptor : int
        What to lock. On a file system without locks this does nothing.
    refusal : str, optional
        The error if another process has the lock. Without it, wait for that process.

    Raises
    ------
    RunError
        With the refusal.
    """
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
    """Return whether any process holds the lock on a file."""
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

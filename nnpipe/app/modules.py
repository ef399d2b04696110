"""Keep child processes from importing modules from the working folder.

Launchers and Dask start processes with ``python -m`` and ``python -c``, which search the working
folder first. That folder may have been downloaded, or may be named by a stored sweep.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

_SAFE, _PLACES = "PYTHONSAFEPATH", "PYTHONPATH"


@contextmanager
def installed_modules() -> Generator[None]:
    """Let processes that start inside the `with` block find only installed modules."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE]
        if before is not None:
            os.environ[_SAFE] = before


def enter(folder: str) -> None:
    """Change to a folder that a file names, without searching it for modules."""
    sys.path[:] = [os.path.abspath(place) for place in sys.path if place]
    if _PLACES in os.environ:
        places = filter(None, os.environ[_PLACES].split(os.pathsep))
        os.environ[_PLACES] = os.pathsep.join(map(os.path.abspath, places))
    os.chdir(folder)

"""Have processes that are started look for modules where packages are, not in the working folder.

The processes of launchers and of Dask are begun by ``python -m`` and ``python -c``, which look in
the working folder first. That may be a folder that was downloaded, or that a stored sweep names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

_SAFE, _PLACES = "PYTHONSAFEPATH", "PYTHONPATH"


@contextmanager
def installed_modules() -> Generator[None]:
    """Have the processes that are started meanwhile find installed modules alone."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE]
        if before is not None:
            os.environ[_SAFE] = before


def enter(folder: str) -> None:
    """Make a folder that a file names the working folder, where no module is looked for."""
    sys.path[:] = [os.path.abspath(place) for place in sys.path if place]
    if _PLACES in os.environ:
        places = filter(None, os.environ[_PLACES].split(os.pathsep))
        os.environ[_PLACES] = os.pathsep.join(map(os.path.abspath, places))
    os.chdir(folder)

"""Have processes that are started look for modules where packages are, not in the working folder.

The processes of launchers and of Dask are begun by ``python -m`` and ``python -c``, which look in
the working folder first. That may be a folder that was downloaded, or that a stored sweep names.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

_SAFE = "PYTHONSAFEPATH"


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

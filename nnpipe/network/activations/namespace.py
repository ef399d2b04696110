"""The library of an array, so that one formula works on NumPy, PyTorch and other arrays."""

from __future__ import annotations

import sys
from typing import Any


def namespace(z: Any) -> Any:
    """Return the module with exp, tanh, where and the like for an array. Nothing is imported.

    It is what the array names by the array API standard, or else the package of its type.

    References
    ----------
    Consortium for Python Data API Standards: array API standard, ``__array_namespace__``.

    >>> import numpy
    >>> namespace(numpy.ones(2)) is numpy
    True
    """
    if hasattr(z, "__array_namespace__"):
        return z.__array_namespace__()
    return sys.modules[type(z).__module__.partition(".")[0]]

"""Functions that need room to work in, applied to a piece of their arrays at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from nnpipe.network.activations.base import Array

# Numbers in a piece. What a function makes on the way is then as large, whatever the batch, and
# stays in a core's cache.
_PIECE = 1 << 15


def blockwise(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function that does the same to arrays of one shape, some rows at a time.

    `function` must work entry by entry. Numbers are the rows of an array that has no others.
    """

    @wraps(function)
    def piecewise(*arrays: Array) -> None:
        first = arrays[0]
        if first.size <= _PIECE:
            function(*arrays)
            return
        rows = max(1, _PIECE * len(first) // first.size)
        for start in range(0, len(first), rows):
            function(*(array[start : start + rows] for array in arrays))

    return piecewise

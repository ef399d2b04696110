"""Apply functions that need temporary arrays to one block of their arrays at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from nnpipe.network.activations.base import Array

# Numbers in a block. Temporary arrays have this size, whatever the batch, and stay in a core's
# cache.
_BLOCK = 1 << 15


def blockwise(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function that applies an elementwise one to some rows of its arrays at a time.

    The arrays have one shape. The entries of a vector count as its rows.
    """

    @wraps(function)
    def by_block(*arrays: Array) -> None:
        first = arrays[0]
        if first.size <= _BLOCK:
            function(*arrays)
            return
        rows = max(1, _BLOCK * len(first) // first.size)
        for start in range(0, len(first), rows):
            function(*(array[start : start + rows] for array in arrays))

    return by_block

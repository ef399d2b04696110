"""Matrix products, cut in blocks that cores can share, and the same to the bit on any number."""

from __future__ import annotations

import numpy as np

from nnpipe.engines.threads import share
from nnpipe.engines.tiles import cut
from nnpipe.network.activations.base import Array

# Multiplications in a block. One of fewer is done before another thread has woken up; and cutting
# costs time, since BLAS rearranges the whole of the other matrix for every block.
_BLOCK = 1 << 24

# The vectors of a processor are full in every block but the last.
_LANES = 32


def multiply(a: Array, b: Array, out: Array, threads: int) -> None:
    """Write a @ b into `out`, in blocks of its longer side, which threads share.

    How a product is cut depends on its shape alone, so that its last bits do too.

    Parameters
    ----------
    a, b : (m, k) and (k, n) arrays
    out : (m, n) array
    threads : int
    """
    (m, k), n = a.shape, b.shape[1]
    longer = max(m, n)
    size = -(-longer // max(1, m * k * n // _BLOCK))
    size += -size % _LANES
    if size >= longer:
        np.matmul(a, b, out=out)
        return

    def block(part: slice) -> None:
        if n > m:
            np.matmul(a, b[:, part], out=out[:, part])
        else:
            np.matmul(a[part], b, out=out[part])

    share(block, cut(longer, size), threads)

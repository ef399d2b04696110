"""Matrix products, cut in blocks that cores can share, and the same to the bit on any number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.system.threads import share
from nnpipe.system.tiles import cut, part_count

# Multiplications in a block, at least. One of fewer is done before another thread has woken up; and
# cutting costs time, since BLAS rearranges the whole of the other matrix for every block.
_BLOCK = 1 << 24

# The vectors of a processor are full in every block but the last.
_LANES = 32

Array = NDArray[Any]
Product = tuple[Array, Array, Array]
"""Two matrices, (m, k) and (k, n), and the (m, n) array that takes their product."""


def multiply(*products: Product, threads: int) -> None:
    """Write the product of each pair, in blocks of its longer side, which threads share.

    Parameters
    ----------
    products : Product
        None may need what another one writes. How one is cut depends on its shape alone, so that
        its last bits do too.
    threads : int
        How many may share the blocks.
    """
    if sum(a.size * b.shape[1] for a, b, _ in products) < 2 * _BLOCK:
        for a, b, out in products:
            np.matmul(a, b, out=out)
        return
    blocks = [block for product in products for block in _blocks(product)]
    share(_write, blocks, threads)


def _blocks(product: Product) -> Iterator[Product]:
    a, b, out = product
    m, n = out.shape
    longer = max(m, n)
    size = -(-longer // part_count(a.size * n, _BLOCK))
    for part in cut(longer, size + -size % _LANES):
        yield (a, b[:, part], out[:, part]) if n > m else (a[part], b, out[part])


def _write(product: Product) -> None:
    a, b, out = product
    np.matmul(a, b, out=out)

"""Multiply matrices in blocks that cores share; results do not depend on the number of cores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.system.threads import share
from nnpipe.system.tiles import cut, part_count

# Fewest multiplications in a block. A smaller one would finish before another thread wakes up. Each
# block also has a cost: BLAS repacks the whole of the other matrix for it.
_BLOCK = 1 << 24

# Blocks are multiples of this, so that only the last one leaves a processor's vectors part empty.
_LANES = 32

Array = NDArray[Any]
Product = tuple[Array, Array, Array]
"""Two matrices, (m, k) and (k, n), and the (m, n) array that receives their product."""


def multiply(*products: Product, threads: int) -> None:
    """Write the product of each pair, cut along its longer side into blocks that threads share.

    Parameters
    ----------
    products : Product
        No product may read what another one writes. The blocks depend on the shapes only, and so
        do the last bits of the result.
    threads : int
        The most threads that share the blocks.
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

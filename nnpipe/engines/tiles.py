"""Tiles: the samples that are multiplied together, and where one ends and the next begins.

The last bits of a matrix product depend on how many samples it has and where in it a sample
stands. So tiles are cut where their number says, and nowhere else: by the row's own number, never
by a batch, a thread or a machine. Samples from ``k * tile`` to ``m * tile`` come out the same to
the bit whoever multiplies them.
"""

from __future__ import annotations

from nnpipe.network.network import Network

ROWS = 1024
"""Samples of most networks' tiles; with fewer, BLAS spends its time on packing parameters."""

# Tiles of narrow networks are larger, or threads would spend their time on waking each other.
_MOST_ROWS = 8192
_NARROW_BYTES = 1 << 20
_BYTES = 16 << 20
_PRODUCTS = 1 << 33


def tile_rows(network: Network) -> int:
    """Return how many samples of a network make a tile, a power of two.

    It depends on the sizes of the layers and on the dtype, and on nothing else. It is 1,024, or
    more, up to 8,192, while a tile's widest array stays within 1 MiB; or less, so that it stays
    within 16 MiB, and a tile's products within a few tenths of a second, after which an interrupt
    is heard.

    >>> from nnpipe.network.network import Network
    >>> import nnpipe
    >>> tile_rows(nnpipe.build({"inputs": 784, "sizes": [512, 256, 10]}))
    1024
    >>> tile_rows(nnpipe.build({"inputs": 65_536, "sizes": [10]}))
    64
    >>> tile_rows(nnpipe.build({"inputs": 64, "sizes": [64, 10]}))
    4096
    """
    widest = max(network.inputs, *(layer.neurons for layer in network.layers))
    row_bytes = widest * network.dtype.itemsize
    wanted = min(_MOST_ROWS, max(ROWS, _NARROW_BYTES // row_bytes))
    most = min(wanted, _BYTES // row_bytes, _PRODUCTS // network.parameter_count)
    return 1 << (max(1, most).bit_length() - 1)

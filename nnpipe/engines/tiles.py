"""Choose the size of tiles, the samples that are multiplied together.

The last bits of a matrix product depend on the number of samples in it and on a sample's position.
So a sample's row number alone decides its tile, never a batch, a thread or a machine. Then the
outputs for the samples from ``k * tile`` to ``m * tile`` are identical to the bit everywhere.
"""

from __future__ import annotations

from nnpipe.network.network import Network

ROWS = 1024
"""The tile size of most networks. With fewer samples, BLAS spends its time packing parameters."""

# Narrow networks have larger tiles, because otherwise threads spend their time waking each other.
_MOST_ROWS = 8192
_NARROW_BYTES = 1 << 20
_BYTES = 16 << 20
_PRODUCTS = 1 << 33


def tile_rows(network: Network) -> int:
    """Return the number of samples in a tile, a power of two.

    It depends only on the sizes of the layers and on the dtype. It is 1,024 by default. It is
    larger, up to 8,192, if the widest array of a tile then takes at most 1 MiB. It is smaller if
    that array would take more than 16 MiB, or if a tile would take more than a few tenths of a
    second, because an interrupt waits for a tile to finish.

    >>> from nnpipe.network.network import Network
    >>> import nnpipe
    >>> tile_rows(nnpipe.build({"inputs": 784, "sizes": [512, 256, 10]}))
    1024
    >>> tile_rows(nnpipe.build({"inputs": 65_536, "sizes": [10]}))
    64
    >>> tile_rows(nnpipe.build({"inputs": 64, "sizes": [64, 10]}))
    4096
    """
    widest = max(network.inputs, *network.widths)
    row_bytes = widest * network.dtype.itemsize
    wanted = min(_MOST_ROWS, max(ROWS, _NARROW_BYTES // row_bytes))
    most = min(wanted, _BYTES // row_bytes, _PRODUCTS // network.parameter_count)
    return 1 << (max(1, most).bit_length() - 1)

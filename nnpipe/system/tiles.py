"""Cut work into parts that cores can share, by number of rows or by amount of work."""

from __future__ import annotations

from collections.abc import Iterator


def cut(samples: int, rows: int) -> Iterator[slice]:
    """Yield consecutive slices of `rows` rows each; the last one holds the rest.

    >>> list(cut(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, samples, rows):
        yield slice(start, min(start + rows, samples))


def part_count(amount: int, least: int) -> int:
    """Return the number of equal parts of at least `least` to cut an amount of work into.

    It is a power of two, as most numbers of cores are, and depends on the amount only.

    >>> [part_count(amount, least=10) for amount in (5, 19, 20, 39, 100)]
    [1, 1, 2, 2, 8]
    """
    return 1 << max(0, (amount // least).bit_length() - 1)

"""Cut work in parts: of so many rows, or of so much work, which cores can share."""

from __future__ import annotations

from collections.abc import Iterator


def cut(samples: int, rows: int) -> Iterator[slice]:
    """Yield one slice after the other, of so many rows, the last one of what is left.

    >>> list(cut(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, samples, rows):
        yield slice(start, min(start + rows, samples))


def part_count(amount: int, least: int) -> int:
    """Return in how many equal parts to cut an amount of work, each of `least` or more.

    It is a power of two, since that many cores are the most common, and depends on the work alone.

    >>> [part_count(amount, least=10) for amount in (5, 19, 20, 39, 100)]
    [1, 1, 2, 2, 8]
    """
    return 1 << max(0, (amount // least).bit_length() - 1)

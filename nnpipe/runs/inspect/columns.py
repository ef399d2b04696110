"""Format values in columns for a terminal: aligned, with rounded numbers, ages and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def align(rows: Sequence[Sequence[Any]], right: Sequence[int] = ()) -> str:
    """Return rows as lines with aligned columns.

    Parameters
    ----------
    rows : sequence of sequence
        Rows of equal length; None is an empty cell.
    right : sequence of int
        The columns to align on the right.

    >>> print(align([["run", "size"], ["a/v0001", "9 B"]], right=[1]))
    run      size
    a/v0001   9 B
    """
    on_the_right = frozenset(right)  # a file may make very many columns
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in on_the_right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def short(value: Any) -> str:
    """Return a value with at most four significant digits.

    >>> short(0.123456), short(1000), short(None)
    ('0.1235', '1000', '')
    """
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def size_text(size: int) -> str:
    """Return a number of bytes in a suitable unit.

    >>> size_text(640), size_text(353_991), size_text(5 << 30)
    ('640 B', '345.7 KiB', '5.0 GiB')
    """
    if size < 1024:
        return f"{size} B"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1024:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} TiB"


def age_text(seconds: float) -> str:
    """Return a duration in the largest unit of which it holds at least two.

    >>> age_text(5), age_text(119), age_text(3600 * 50)
    ('5 s', '119 s', '2 d')
    """
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds / length)} {unit}"
    return f"{int(max(seconds, 0))} s"

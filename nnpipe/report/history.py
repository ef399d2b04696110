"""Training curves, from the run's history.csv."""

from __future__ import annotations

import csv
import io
import math
from itertools import islice
from pathlib import Path

from nnpipe.errors import RunError
from nnpipe.report.figures import Curves
from nnpipe.system.documents import read_text

FILE = "history.csv"

_MOST_BYTES = 16 << 20
_MOST_ROWS = 100_000
_PAIRS = {"loss": "Loss", "accuracy": "Accuracy"}
_COLUMNS = ("epoch", *_PAIRS, *(f"validation_{name}" for name in _PAIRS))


def history_figures(folder: Path) -> list[Curves]:
    """Return the curves of training and validation loss and accuracy over the epochs.

    The list is empty if the run has no history.csv, or one that nnpipe did not write.
    """
    try:
        lines = csv.reader(io.StringIO(read_text(folder / FILE, _MOST_BYTES), newline=""))
        head = next(lines)
        rows = [_kept(dict(zip(head, line, strict=True))) for line in islice(lines, _MOST_ROWS)]
    except (OSError, RunError, ValueError, StopIteration, csv.Error):
        return []
    found = [_curves(rows, name, title) for name, title in _PAIRS.items()]
    return [curves for curves in found if curves is not None]


def _kept(row: dict[str, str]) -> dict[str, float]:
    return {name: float(row[name]) for name in _COLUMNS if name in row}


def _curves(rows: list[dict[str, float]], name: str, title: str) -> Curves | None:
    lines: list[tuple[str, list[float], list[float]]] = []
    for key, label in ((name, "training"), (f"validation_{name}", "validation")):
        pairs = [(row.get("epoch", math.nan), row.get(key, math.nan)) for row in rows]
        pairs = [pair for pair in pairs if all(map(math.isfinite, pair))]
        if pairs:
            lines.append((label, [x for x, _ in pairs], [y for _, y in pairs]))
    return Curves(title, "epoch", lines) if lines else None

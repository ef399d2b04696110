"""The course of a training, from the table that it leaves in a run."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from nnpipe.report.figures import Curves

FILE = "history.csv"

_MOST_BYTES = 16 << 20
_PAIRS = {"loss": "Loss", "accuracy": "Accuracy"}


def history_figures(folder: Path) -> list[Curves]:
    """Return the curves of loss and accuracy over the epochs, of training and of validation.

    There are none where the run has no table, or one that is not what nnpipe writes.
    """
    path = folder / FILE
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error):
        return []
    found = [_curves(rows, name, title) for name, title in _PAIRS.items()]
    return [curves for curves in found if curves is not None]


def _curves(rows: list[dict[str, float]], name: str, title: str) -> Curves | None:
    lines: list[tuple[str, list[float], list[float]]] = []
    for key, label in ((name, "training"), (f"validation_{name}", "validation")):
        pairs = [(row.get("epoch", math.nan), row.get(key, math.nan)) for row in rows]
        pairs = [pair for pair in pairs if all(map(math.isfinite, pair))]
        if pairs:
            lines.append((label, [x for x, _ in pairs], [y for _, y in pairs]))
    return Curves(title, "epoch", lines) if lines else None

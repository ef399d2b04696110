"""Turn a confusion matrix into a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.report.figures import Matrix
from nnpipe.report.numbers import share

MOST = 60
"""Most classes; with more, the cells would be too small to read."""


def confusion_figure(counts: NDArray[np.integer[Any]]) -> Matrix:
    """Return the figure of a confusion matrix: labels as rows, predictions as columns.

    A cell's shade is its share of the label's samples; a row's margin is the share that is
    classified correctly.
    """
    totals = counts.sum(axis=1)
    parts = counts / np.maximum(totals, 1)[:, None]
    names = [str(number) for number in range(len(counts))]
    hints = [
        [
            f"label {i}, predicted {j}: {count:,} of {total:,} ({share(part)})"
            for j, (count, part) in enumerate(zip(row, shares, strict=True))
        ]
        for i, (row, shares, total) in enumerate(
            zip(counts.tolist(), parts.tolist(), totals.tolist(), strict=True)
        )
    ]
    return Matrix(
        title="Samples by label and prediction",
        row_axis="label",
        column_axis="predicted",
        row_names=names,
        column_names=names,
        values=np.where(counts > 0, parts, np.nan),
        texts=[[f"{count:,}" for count in row] for row in counts.tolist()],
        hints=hints,
        low=0.0,
        high=1.0,
        diagonal=True,
        margin=[
            share(part) if total else "–"
            for part, total in zip(np.diagonal(parts).tolist(), totals.tolist(), strict=True)
        ],
    )

"""Draw a matrix of shaded cells: a confusion matrix, or a metric over two swept numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnpipe.report.figures import Matrix
from nnpipe.report.svg.canvas import WIDTH, Canvas, clip

_WRITTEN = 20
"""Most rows or columns with numbers in the cells; with more they would be too small to read."""


@dataclass(frozen=True)
class _Place:
    """Position and size of the cells, in the units of the drawing."""

    left: float
    top: float
    across: float
    down: float


def draw_matrix(figure: Matrix) -> Canvas:
    """Draw the cells, faint to strong, with their names and texts."""
    rows, columns = figure.values.shape
    left = 24 + 6.4 * max(len(clip(name, 16)) for name in figure.row_names)
    right = WIDTH - (8 + 6.4 * max(map(len, figure.margin)) if figure.margin else 8)
    across = (right - left) / columns
    down = across if figure.diagonal else min(max(across, 22), 44)
    place = _Place(left, 42, across, down)
    canvas = Canvas(WIDTH, place.top + down * rows + 8, figure.title)
    canvas.write(4, 13, figure.title, "title")
    if not figure.diagonal:
        note = "stronger: less" if figure.low > figure.high else "stronger: more"
        canvas.write(WIDTH - 4, 13, note, "note", "end")
    _draw_names(canvas, figure, place)
    for i, j in np.argwhere(~np.isnan(figure.values)).tolist():
        _draw_cell(canvas, figure, place, i, j)
    return canvas


def _draw_names(canvas: Canvas, figure: Matrix, place: _Place) -> None:
    rows, columns = figure.values.shape
    width, height = place.across * columns, place.down * rows
    canvas.write(place.left + width / 2, 27, clip(figure.column_axis, 44), "tick", "middle")
    middle = place.top + height / 2
    canvas.add(
        "text",
        clip(figure.row_axis, max(int(height / 5.8), 6)),
        x=11,
        y=middle,
        transform=f"rotate(-90 11 {middle:.1f})",
        text_anchor="middle",
        kind="tick",
    )
    every = math.ceil(columns * 6.6 * max(map(len, figure.column_names)) / width) or 1
    for j in range(0, columns, every):
        x = place.left + place.across * (j + 0.5)
        canvas.write(x, place.top - 4, figure.column_names[j], "tick", "middle")
    for i in range(0, rows, math.ceil(rows * 13 / height)):
        y = place.top + place.down * (i + 0.5) + 4
        canvas.write(place.left - 5, y, clip(figure.row_names[i], 16), "tick", "end")
        if figure.margin:
            canvas.write(WIDTH - 4, y, figure.margin[i], "tick", "end")


def _draw_cell(canvas: Canvas, figure: Matrix, place: _Place, i: int, j: int) -> None:
    written = max(figure.values.shape) <= _WRITTEN
    gap = 1.5 if written else 0.0
    span = figure.high - figure.low
    strength = (float(figure.values[i, j]) - figure.low) / span if span else 1.0
    x, y = place.left + place.across * j, place.top + place.down * i
    canvas.add(
        "rect",
        hint=figure.hints[i][j],
        x=x,
        y=y,
        width=max(place.across - gap, 0.5),
        height=max(place.down - gap, 0.5),
        rx=2 if gap else 0,
        kind="hot" if figure.diagonal and i != j else "bar",
        fill_opacity=0.06 + 0.94 * min(max(strength, 0.0), 1.0),
    )
    if written:
        text = figure.texts[i][j]
        size = 11 if 6.4 * len(text) < place.across - 2 else 9
        kind = f"cell s{size} {'on' if strength > 0.5 else ''}".strip()
        middle = x + (place.across - gap) / 2
        canvas.write(middle, y + place.down / 2 + 3, text, kind, "middle")

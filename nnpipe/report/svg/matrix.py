"""Draw a matrix of shaded cells: a confusion matrix, or a figure over two swept numbers."""

from __future__ import annotations

import math

from nnpipe.report.figures import Matrix
from nnpipe.report.svg.canvas import WIDTH, Canvas, clip

_WRITTEN = 20
"""With more rows or columns than this the numbers would be too small to be read."""


def draw_matrix(figure: Matrix) -> Canvas:
    """Draw the cells, faint to strong, with their names and texts."""
    rows, columns = figure.values.shape
    longest = max(len(clip(name, 16)) for name in figure.row_names)
    left = 24 + 6.4 * longest
    right = WIDTH - (8 + 6.4 * max(map(len, figure.margin)) if figure.margin else 8)
    across = (right - left) / columns
    down = across if figure.diagonal else min(max(across, 22), 44)
    top = 42
    bottom = top + down * rows
    canvas = Canvas(WIDTH, bottom + 8, figure.title)
    canvas.write(4, 13, figure.title, "title")
    canvas.write((left + right) / 2, 27, clip(figure.column_axis, 44), "tick", "middle")
    if not figure.diagonal:
        note = "stronger: less" if figure.low > figure.high else "stronger: more"
        canvas.write(WIDTH - 4, 13, note, "note", "end")
    middle = (top + bottom) / 2
    canvas.add(
        "text",
        clip(figure.row_axis, max(int((bottom - top) / 5.8), 6)),
        x=11,
        y=middle,
        transform=f"rotate(-90 11 {middle:.1f})",
        text_anchor="middle",
        kind="tick",
    )
    every = max(1, math.ceil(columns * 6.6 * max(map(len, figure.column_names)) / (right - left)))
    for j, name in enumerate(figure.column_names):
        if j % every == 0:
            canvas.write(left + across * (j + 0.5), top - 4, name, "tick", "middle")
    every = max(1, math.ceil(rows * 13 / (bottom - top)))
    for i, name in enumerate(figure.row_names):
        y = top + down * (i + 0.5) + 4
        if i % every == 0:
            canvas.write(left - 5, y, clip(name, 16), "tick", "end")
            if figure.margin:
                canvas.write(WIDTH - 4, y, figure.margin[i], "tick", "end")
    gap = 1.5 if max(rows, columns) <= _WRITTEN else 0.0
    span = figure.high - figure.low
    for i in range(rows):
        for j in range(columns):
            value = float(figure.values[i, j])
            if math.isnan(value):
                continue
            strength = (value - figure.low) / span if span else 1.0
            x, y = left + across * j, top + down * i
            wrong = figure.diagonal and i != j
            canvas.add(
                "rect",
                hint=figure.hints[i][j],
                x=x,
                y=y,
                width=max(across - gap, 0.5),
                height=max(down - gap, 0.5),
                rx=2 if gap else 0,
                kind="hot" if wrong else "bar",
                fill_opacity=0.06 + 0.94 * min(max(strength, 0.0), 1.0),
            )
            if max(rows, columns) <= _WRITTEN:
                size = 11 if 6.4 * len(figure.texts[i][j]) < across - 2 else 9
                kind = f"cell s{size} {'on' if strength > 0.5 else ''}".strip()
                canvas.write(
                    x + (across - gap) / 2, y + down / 2 + 3, figure.texts[i][j], kind, "middle"
                )
    return canvas

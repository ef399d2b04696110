"""Draw a network: its neurons as dots in columns, its parameters as lines between them."""

from __future__ import annotations

import numpy as np

from nnpipe.report.figures import Column, Stack
from nnpipe.report.svg.canvas import Canvas, clip

_STEP, _TOP, _HEIGHT = 84, 14, 176
_SHADES = (0.12, 0.35, 0.8)
"""Opacities of lines for parameters up to one, two and three thirds of the greatest magnitude."""


def draw_stack(figure: Stack) -> Canvas:
    """Draw the columns from left to right, with names and sizes below."""
    width = _STEP * len(figure.columns)
    rows = max(len(column.lines) for column in figure.columns)
    canvas = Canvas(width, _TOP + _HEIGHT + 34 + 14 * rows, figure.title)
    places = [_places(column) for column in figure.columns]
    for i, link in enumerate(figure.links):
        left, right = _STEP * (i + 0.5), _STEP * (i + 1.5)
        for sign, kind in ((1, "bar"), (-1, "hot")):
            strength = np.minimum((np.clip(sign * link, 0, 1) * 3).astype(int), 2)
            for shade, opacity in enumerate(_SHADES):
                d = "".join(
                    f"M{left:.0f} {places[i][n]:.1f}L{right:.0f} {places[i + 1][m]:.1f}"
                    for m, n in np.argwhere((sign * link > 0) & (strength == shade)).tolist()
                )
                if d:
                    canvas.add("path", d=d, kind=f"link {kind}", stroke_opacity=opacity)
    for i, column in enumerate(figure.columns):
        x = _STEP * (i + 0.5)
        for number, y in zip(column.shown, places[i], strict=True):
            canvas.add("circle", hint=f"{column.name}, {number}", cx=x, cy=y, r=4, kind="neuron")
        if column.size > len(column.shown):
            middle = _TOP + _HEIGHT / 2
            for off in (-6, 0, 6):
                canvas.add("circle", cx=x, cy=middle + off, r=1.3, kind="more")
        y = _TOP + _HEIGHT + 20
        canvas.write(x, y, clip(column.name, 12), "tick strong", "middle")
        for row, text in enumerate(column.lines):
            canvas.write(x, y + 14 * (row + 1), text, "tick", "middle")
    for i, text in enumerate(figure.texts):
        canvas.write(_STEP * (i + 1), 9, text, "tick small", "middle")
    return canvas


def _places(column: Column) -> list[float]:
    shown = len(column.shown)
    whole = column.size == shown
    # A gap in the middle stands for the neurons that are not drawn.
    gap = 0 if whole else 2
    step = min((_HEIGHT - 16) / max(shown + gap - 1, 1), 22.0)
    middle = _TOP + _HEIGHT / 2
    ranks = [rank if whole or rank < shown // 2 else rank + gap for rank in range(shown)]
    return [middle + step * (rank - (shown + gap - 1) / 2) for rank in ranks]

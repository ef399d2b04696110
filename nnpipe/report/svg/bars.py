"""Draw horizontal bars below each other."""

from __future__ import annotations

from nnpipe.report.figures import Bars
from nnpipe.report.svg.canvas import WIDTH, Canvas, clip


def draw_bars(figure: Bars) -> Canvas:
    """Draw one bar for each name, followed by its text."""
    step, left = 24, 86
    canvas = Canvas(WIDTH, 24 + step * len(figure.names), figure.title)
    canvas.write(4, 13, figure.title, "title")
    longest = max([*figure.values, 1e-12])
    room = WIDTH - left - 10 - 6.4 * max((len(text) for text in figure.texts), default=0)
    rows = zip(figure.names, figure.values, figure.texts, strict=True)
    for row, (name, value, text) in enumerate(rows):
        y = 24 + step * row
        length = max(value / longest * room, 1)
        canvas.write(left - 6, y + 12, clip(name, 13), "tick", "end")
        canvas.add("rect", hint=text, x=left, y=y, width=length, height=15, rx=2, kind="bar")
        canvas.write(left + length + 5, y + 12, text, "tick")
    return canvas

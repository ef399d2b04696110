"""Draw parallel coordinates: a vertical axis for each swept key, a line for each job."""

from __future__ import annotations

from functools import partial

from nnpipe.report.figures import Parallel
from nnpipe.report.numbers import metric_text, short
from nnpipe.report.svg.canvas import Canvas, clip, path
from nnpipe.report.svg.scale import Scale, scale_for, str_of

_TOP, _BASE = 48, 250
_STEP = 112


def draw_parallel(figure: Parallel) -> Canvas:
    """Draw the lines; the best on the last axis is strongest and on top."""
    left = 48
    width = left + _STEP * (len(figure.axes) - 1) + 70
    canvas = Canvas(width, _BASE + 14, figure.title)
    canvas.write(4, 13, figure.title, "title")
    numbers = [float(value) for value in figure.axes[-1].values]
    low, high = min(numbers), max(numbers)
    scales = [scale_for(axis, _BASE, _TOP) for axis in figure.axes[:-1]]
    scales.append(Scale(_BASE, _TOP, low, high))
    canvas.write(width - 4, 13, f"stronger: {'less' if figure.least else 'more'}", "note", "end")
    for job in sorted(range(len(numbers)), key=numbers.__getitem__, reverse=figure.least):
        points = [
            (
                left + _STEP * i,
                scale(axis.values[job] if axis.numeric else str_of(axis.values[job])),
            )
            for i, (axis, scale) in enumerate(zip(figure.axes, scales, strict=True))
        ]
        strength = (numbers[job] - low) / (high - low) if high > low else 1.0
        strength = 1 - strength if figure.least else strength
        canvas.add(
            "path",
            hint=figure.hints[job],
            d=path(points),
            kind="strand",
            stroke_opacity=0.12 + 0.88 * strength**1.5,
        )
    for i, (axis, scale) in enumerate(zip(figure.axes, scales, strict=True)):
        x = left + _STEP * i
        canvas.line(x, _TOP, x, _BASE, "axis")
        canvas.write(x, 36, clip(axis.name, 15), "tick strong", "middle")
        write = short if i < len(scales) - 1 else partial(metric_text, axis.name)
        for y, text in scale.ticks(6, write):
            canvas.line(x - 3, y, x, y, "axis")
            canvas.write(x + 5, y + 4, clip(text, 10), "tick halo")
    return canvas

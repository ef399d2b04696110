"""Draw parallel coordinates: an upright axis for each swept key, a line for each job."""

from __future__ import annotations

from nnpipe.report.figures import Parallel
from nnpipe.report.svg.canvas import Canvas, clip, path
from nnpipe.report.svg.scale import scale_for, str_of

_TOP, _BASE = 48, 250
_STEP = 112


def draw_parallel(figure: Parallel) -> Canvas:
    """Draw the lines, the greatest of the last axis strongest and on top."""
    left = 34
    width = left + _STEP * (len(figure.axes) - 1) + 66
    canvas = Canvas(width, _BASE + 14, figure.title)
    canvas.write(4, 13, figure.title, "title")
    scales = [scale_for(axis, _BASE, _TOP) for axis in figure.axes]
    last = figure.axes[-1]
    numbers = [float(value) for value in last.values]
    low, high = min(numbers), max(numbers)
    for job in sorted(range(len(numbers)), key=numbers.__getitem__):
        points = [
            (
                left + _STEP * i,
                scale(axis.values[job] if axis.numeric else str_of(axis.values[job])),
            )
            for i, (axis, scale) in enumerate(zip(figure.axes, scales, strict=True))
        ]
        strength = (numbers[job] - low) / (high - low) if high > low else 1.0
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
        # The last word of a dotted key tells most.
        name = axis.name.rsplit(".", 2)[-2:] if axis.name.count(".") > 1 else [axis.name]
        first, centre = i == 0, "start" if i == 0 else "middle"
        canvas.write(8 if first else x, 36, clip(".".join(name), 17), "tick strong", centre)
        for y, text in scale.ticks(6):
            canvas.line(x - 3, y, x, y, "axis")
            canvas.write(x + 5, y + 4, clip(text, 9), "tick halo")
    return canvas

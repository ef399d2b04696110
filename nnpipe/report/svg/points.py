"""Draw one quantity over another: the points of a sweep, or the curves of a training."""

from __future__ import annotations

from collections import defaultdict

from nnpipe.report.figures import Axis, Curves, Points, Value
from nnpipe.report.numbers import metric_text
from nnpipe.report.svg.canvas import WIDTH, Canvas, clip, path
from nnpipe.report.svg.scale import Scale, round_numbers, scale_for, str_of

_HEIGHT = 264
_LEFT, _RIGHT, _TOP, _BASE = 62, WIDTH - 8, 28, 220


def draw_points(figure: Points) -> Canvas:
    """Draw each point, and a line through the means at each x."""
    canvas = Canvas(WIDTH, _HEIGHT, figure.title)
    x = scale_for(figure.x, _LEFT + 12, _RIGHT - 12)
    y = _frame(canvas, figure.title, figure.x.name, x, _numbers(figure.y), figure.y.name)
    places: defaultdict[float, list[float]] = defaultdict(list)
    for value, number in zip(figure.x.values, _numbers(figure.y), strict=True):
        places[x(_on(figure.x, value))].append(number)
    means = [(place, y(sum(found) / len(found))) for place, found in sorted(places.items())]
    if len(means) > 1:
        canvas.add("path", d=path(means), kind="line" if figure.x.numeric else "line faint")
    for value, number, hint in zip(figure.x.values, _numbers(figure.y), figure.hints, strict=True):
        place = x(_on(figure.x, value))
        single = len(places[place]) == 1
        canvas.add(
            "circle",
            hint=hint,
            cx=place,
            cy=y(number),
            r=4.5 if single else 3.5,
            kind="dot" if single else "dot faint",
        )
    return canvas


def draw_curves(figure: Curves) -> Canvas:
    """Draw lines over a common axis, with a legend."""
    canvas = Canvas(WIDTH, _HEIGHT, figure.title)
    across = [float(v) for _, xs, _ in figure.lines for v in xs]
    numbers = [float(v) for _, _, ys in figure.lines for v in ys]
    x = Scale(_LEFT + 4, _RIGHT - 8, min(across), max(across))
    y = _frame(canvas, figure.title, figure.x, x, numbers, figure.title.lower())
    for order, (name, xs, ys) in enumerate(figure.lines):
        kind = ("line", "line hot", "line faint")[order % 3]
        points = [(x(float(a)), y(float(b))) for a, b in zip(xs, ys, strict=True)]
        canvas.add("path", d=path(points), kind=kind, hint=name)
        if len(points) == 1:
            canvas.add("circle", cx=points[0][0], cy=points[0][1], r=4, kind="dot", hint=name)
        canvas.line(_RIGHT - 120, 10 + 14 * order, _RIGHT - 104, 10 + 14 * order, kind)
        canvas.write(_RIGHT - 100, 13 + 14 * order, clip(name, 18), "tick")
    return canvas


def _frame(
    canvas: Canvas, title: str, x_name: str, x: Scale, numbers: list[float], y_name: str
) -> Scale:
    low, high = min(numbers), max(numbers)
    pad = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    y = Scale(_BASE, _TOP, low - pad, high + pad)
    canvas.write(4, 13, title, "title")
    for number in round_numbers(y.low, y.high, 6):
        canvas.line(_LEFT, y(number), _RIGHT, y(number), "grid")
        canvas.write(_LEFT - 6, y(number) + 4, metric_text(y_name, number), "tick", "end")
    canvas.line(_LEFT, _BASE, _RIGHT, _BASE, "axis")
    ticks = x.ticks(8 if x.names else 6)
    letters = max(4, int((_RIGHT - _LEFT) / 6.6 / max(len(ticks), 1)))
    end = 0.0
    for place, text in ticks:
        half = 3.2 * len(clip(text, letters)) + 2
        canvas.line(place, _BASE, place, _BASE + 4, "axis")
        if place - half > end:
            canvas.write(place, _BASE + 17, clip(text, letters), "tick", "middle")
            end = place + half
    canvas.write((_LEFT + _RIGHT) / 2, _BASE + 36, clip(x_name, 50), "tick", "middle")
    return y


def _on(axis: Axis, value: Value) -> Value:
    return value if axis.numeric else str_of(value)


def _numbers(axis: Axis) -> list[float]:
    return [float(value) for value in axis.values]

"""Draw a histogram with its saturated bins marked, or many histograms below each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from nnpipe.report.figures import Histogram, Ridges
from nnpipe.report.numbers import share, short
from nnpipe.report.svg.canvas import WIDTH, Canvas, clip, path
from nnpipe.report.svg.scale import Scale

_LEFT, _RIGHT = 4, WIDTH - 4


def draw_histogram(figure: Histogram) -> Canvas:
    """Draw bars over an axis; bins where the activation is flat have the warning colour."""
    canvas = Canvas(WIDTH, 140, f"{figure.title}. {figure.note}")
    canvas.write(_LEFT, 13, figure.title, "title")
    top, base = 24, 114
    x = Scale(_LEFT, _RIGHT, float(figure.edges[0]), float(figure.edges[-1]))
    tallest = max(float(figure.shares.max()), 1e-12)
    canvas.write(_RIGHT, 13, figure.note, "note hot" if figure.flat_share else "note", "end")
    edges = pairwise(figure.edges.tolist())
    bins = zip(edges, figure.shares.tolist(), figure.flat_bins.tolist(), strict=True)
    for (left, right), part, flat in bins:
        if not part:
            continue
        # A bin that is not empty stays visible, however small its share.
        height = max(part / tallest * (base - top), 0.8)
        canvas.add(
            "rect",
            hint=f"{short(left)} to {short(right)}: {share(part)}",
            x=x(left) + 0.4,
            y=base - height,
            width=max(x(right) - x(left) - 0.8, 0.6),
            height=height,
            kind="hot" if flat else "bar",
        )
    canvas.line(_LEFT, base, _RIGHT, base, "axis")
    if len(figure.ticks):
        d = "".join(f"M{x(float(v)):.1f} {base + 1}v5" for v in figure.ticks)
        canvas.add("path", d=d, kind="rug")
    _write_ticks(canvas, x, base + 18)
    return canvas


def draw_ridges(figure: Ridges) -> Canvas:
    """Draw one small histogram in each row, over a common axis."""
    step = 24
    left = 10 + 7 * max(len(clip(name, 14)) for name in figure.names)
    base = 30 + step * len(figure.names)
    canvas = Canvas(WIDTH, base + 26, figure.title)
    canvas.write(_LEFT, 13, figure.title, "title")
    x = Scale(left, _RIGHT, float(figure.edges[0]), float(figure.edges[-1]))
    places = [x(edge) for edge in figure.edges.tolist()]
    for row, (name, shares) in enumerate(zip(figure.names, figure.shares, strict=True)):
        floor = 30 + step * (row + 1) - 2
        # The square root keeps rare values visible beside a tall bin.
        heights = np.sqrt(shares / max(float(shares.max()), 1e-12)) * (step - 4)
        points = [(places[0], float(floor))]
        for i, height in enumerate(heights.tolist()):
            points += [(places[i], floor - height), (places[i + 1], floor - height)]
        points.append((places[-1], float(floor)))
        canvas.add("path", d=path(points), kind="ridge", hint=name)
        canvas.line(left, floor, _RIGHT, floor, "grid")
        canvas.write(left - 6, floor - 3, clip(name, 14), "tick", "end")
    _write_ticks(canvas, x, base + 14)
    return canvas


def _write_ticks(canvas: Canvas, x: Scale, y: float) -> None:
    for place, text in x.ticks():
        half = 3.3 * len(text)
        anchor = "start" if place - half < 0 else "end" if place + half > WIDTH else "middle"
        canvas.write(min(max(place, _LEFT), _RIGHT), y, text, "tick", anchor)

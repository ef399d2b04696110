"""Draw the figures of a page with matplotlib, one PNG file for each group."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Sheet

from nnpipe.report.figures import (
    Axis,
    Bars,
    Curves,
    Figure,
    Histogram,
    Matrix,
    Parallel,
    Points,
    Ridges,
    Stack,
    Value,
)
from nnpipe.report.numbers import short
from nnpipe.report.svg.scale import Scale, scale_for, str_of
from nnpipe.runs.store.folder import Folder
from nnpipe.system.text import printable

_BAR, _HOT, _SOFT, _RULE = "#2f6fd0", "#d2591f", "#5b6673", "#e2e6eb"
_DPI = 150


def write_plots(folder: Folder, plots: Mapping[str, Sequence[Figure]]) -> list[Path]:
    """Draw each group of figures into a PNG file with the group's name; return the files."""
    with matplotlib.rc_context():
        # A matplotlibrc in the working folder would set the style, and could start LaTeX.
        matplotlib.rcdefaults()
        return [write_plot(folder, f"{name}.png", figures) for name, figures in plots.items()]


def write_plot(folder: Folder, name: str, figures: Sequence[Figure]) -> Path:
    """Draw figures below each other, two in a row where there are many."""
    columns = 2 if len(figures) > 3 else 1
    rows = -(-len(figures) // columns)
    heights = [max(map(_height, figures[i : i + columns])) for i in range(0, len(figures), columns)]
    sheet = Sheet(figsize=(6.4 * columns, sum(heights)), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(sheet)
    grid = sheet.subplots(rows, columns, squeeze=False, height_ratios=heights)
    spots = cast("list[Axes]", grid.ravel().tolist())
    for spot, figure in zip(spots, figures, strict=False):
        _draw(spot, figure)
    for spot in spots[len(figures) :]:
        spot.set_axis_off()
    with folder.publish(name) as file, warnings.catch_warnings():
        # matplotlib draws a character that no font has as a box, and warns.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        sheet.savefig(file, format="png", metadata={"Software": "nnpipe"})
    return folder.path / name


def _height(figure: Figure) -> float:
    match figure:
        case Histogram():
            return 2.4
        case Matrix():
            return 6.0 if figure.diagonal else 1.4 + 0.5 * len(figure.row_names)
        case Ridges() | Bars():
            return 1.2 + 0.35 * len(figure.names)
        case _:
            return 4.2


def _draw(axes: Axes, figure: Figure) -> None:
    axes.set_title(_plain(figure.title), loc="left", fontsize=10, fontweight="bold")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8, colors=_SOFT)
    match figure:
        case Histogram():
            _histogram(axes, figure)
        case Ridges():
            _ridges(axes, figure)
        case Matrix():
            _matrix(axes, figure)
        case Bars():
            bars = axes.barh(range(len(figure.values)), list(figure.values), color=_BAR)
            axes.bar_label(bars, [_plain(text) for text in figure.texts], padding=3, fontsize=8)
            axes.set_yticks(range(len(figure.names)), [_plain(name) for name in figure.names])
            axes.invert_yaxis()
            axes.margins(x=0.3)
            axes.set_xlabel("seconds", fontsize=8)
        case Points():
            _points(axes, figure)
        case Curves():
            for name, x, y in figure.lines:
                axes.plot(list(x), list(y), label=_plain(name), marker="." if len(x) < 30 else "")
            axes.set_xlabel(_plain(figure.x), fontsize=8)
            axes.legend(fontsize=8, frameon=False)
            axes.grid(color=_RULE)
        case Parallel():
            _parallel(axes, figure)
        case Stack():
            _stack(axes, figure)


def _histogram(axes: Axes, figure: Histogram) -> None:
    middles = (figure.edges[:-1] + figure.edges[1:]) / 2
    colours = [_HOT if flat else _BAR for flat in figure.flat_bins.tolist()]
    axes.bar(middles, figure.shares, width=np.diff(figure.edges) * 0.92, color=colours)
    colour = _HOT if figure.flat_share else _SOFT
    axes.set_title(_plain(figure.note), loc="right", fontsize=9, color=colour)
    if len(figure.ticks):
        axes.plot(list(figure.ticks), [0] * len(figure.ticks), "|", color=_SOFT, clip_on=False)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")


def _ridges(axes: Axes, figure: Ridges) -> None:
    for row, shares in enumerate(figure.shares):
        heights = 0.9 * np.sqrt(shares / max(float(shares.max()), 1e-12))
        floor = len(figure.names) - 1 - row
        axes.stairs(heights + floor, figure.edges, baseline=floor, fill=True, color=_BAR, alpha=0.6)
    axes.set_yticks(range(len(figure.names)), [_plain(name) for name in figure.names[::-1]])


def _matrix(axes: Axes, figure: Matrix) -> None:
    values = np.ma.masked_invalid(figure.values)
    span = figure.high - figure.low

    def strength(shown: Any) -> Any:
        return (shown - figure.low) / span if span else shown * 0 + 1

    # Draw two images, so that mistakes have a colour of their own.
    wrong = ~np.eye(*values.shape, dtype=bool) if figure.diagonal else np.zeros(values.shape, bool)
    for part, name in ((np.ma.masked_where(wrong, values), "Blues"), (values, "Oranges")):
        shown = part if name == "Blues" else np.ma.masked_where(~wrong, values)
        axes.imshow(strength(shown), cmap=name, vmin=0, vmax=1.2, aspect="auto")
    rows, columns = values.shape
    every = max(1, columns // 20), max(1, rows // 20)
    names = [_plain(name) for name in figure.column_names], [_plain(n) for n in figure.row_names]
    axes.set_xticks(range(0, columns, every[0]), names[0][:: every[0]])
    axes.set_yticks(range(0, rows, every[1]), names[1][:: every[1]])
    axes.set_xlabel(_plain(figure.column_axis), fontsize=8)
    axes.set_ylabel(_plain(figure.row_axis), fontsize=8)
    if max(rows, columns) <= 20:
        for i, j in np.argwhere(~np.isnan(figure.values)).tolist():
            colour = "white" if strength(figure.values[i, j]) > 0.6 else "black"
            axes.text(
                j, i, _plain(figure.texts[i][j]), ha="center", va="center", fontsize=7, color=colour
            )


def _points(axes: Axes, figure: Points) -> None:
    scale = scale_for(figure.x, 0, 1)
    y = [float(value) for value in figure.y.values]
    x: list[Any] = [_on(figure.x, value) for value in figure.x.values]
    places = [scale.names.index(value) for value in x] if scale.names else x
    means = [
        (place, float(np.mean([b for a, b in zip(places, y, strict=True) if a == place])))
        for place in sorted(set(places))
    ]
    axes.plot(*zip(*means, strict=True), color=_BAR, lw=1.5)
    axes.plot(places, y, "o", color=_BAR, ms=4, alpha=0.7)
    if scale.log:
        axes.set_xscale("log")
    marks = scale.names or [short(mark) for mark in scale.marks]
    if marks:
        axes.set_xticks(scale.marks or range(len(marks)), [_plain(mark) for mark in marks])
        axes.minorticks_off()
    axes.set_xlabel(_plain(figure.x.name), fontsize=8)
    axes.grid(color=_RULE)


def _parallel(axes: Axes, figure: Parallel) -> None:
    last = [float(value) for value in figure.axes[-1].values]
    scales = [scale_for(axis, 0, 1) for axis in figure.axes[:-1]]
    scales.append(Scale(0, 1, min(last), max(last)))
    heights = np.array(
        [
            [scale(_on(axis, value)) for value in axis.values]
            for axis, scale in zip(figure.axes, scales, strict=True)
        ]
    )
    strengths = 1 - heights[-1] if figure.least else heights[-1]
    for job in np.argsort(strengths).tolist():
        axes.plot(heights[:, job], color=_BAR, alpha=0.12 + 0.88 * float(strengths[job]))
    for place, scale in enumerate(scales):
        axes.axvline(place, color=_SOFT, lw=0.8)
        for height, text in scale.ticks(6):
            axes.text(place + 0.02, height, _plain(text), fontsize=7, va="center")
    axes.set_xticks(range(len(scales)), [_plain(axis.name) for axis in figure.axes], fontsize=7)
    axes.set_yticks([])


def _stack(axes: Axes, figure: Stack) -> None:
    axes.set_title("")
    axes.set_axis_off()
    heights = [-np.linspace(-1, 1, max(len(c.shown), 2))[: len(c.shown)] for c in figure.columns]
    heights = [h if len(h) > 1 else np.zeros(1) for h in heights]
    for i, link in enumerate(figure.links):
        right, left = np.nonzero(link)
        lines = [
            [(i, a), (i + 1, b)]
            for a, b in zip(heights[i][left], heights[i + 1][right], strict=True)
        ]
        values = link[right, left]
        colours = [_BAR if value > 0 else _HOT for value in values.tolist()]
        if lines:
            axes.add_collection(
                LineCollection(lines, colors=colours, alpha=np.abs(values), lw=0.8, zorder=1)
            )
        axes.text(i + 0.5, 1.15, _plain(figure.texts[i]), ha="center", fontsize=8, color=_SOFT)
    for i, (column, height) in enumerate(zip(figure.columns, heights, strict=True)):
        axes.scatter([i] * len(height), height, s=28, color="white", edgecolor="black", zorder=2)
        text = "\n".join((column.name, *column.lines))
        axes.text(i, -1.18, _plain(text), ha="center", va="top", fontsize=8)
    axes.set_ylim(-1.75, 1.25)


def _on(axis: Axis, value: Value) -> Value:
    return value if axis.numeric else str_of(value)


def _plain(text: str) -> str:
    """Return a text that matplotlib does not read as mathematics."""
    return printable(text).replace("$", r"\$")

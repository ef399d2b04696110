"""Draw figures as SVG; the page's CSS sets the colours."""

from __future__ import annotations

from nnpipe.report.figures import (
    Bars,
    Curves,
    Figure,
    Histogram,
    Matrix,
    Parallel,
    Points,
    Ridges,
    Stack,
)
from nnpipe.report.svg.bars import draw_bars
from nnpipe.report.svg.histogram import draw_histogram, draw_ridges
from nnpipe.report.svg.matrix import draw_matrix
from nnpipe.report.svg.parallel import draw_parallel
from nnpipe.report.svg.points import draw_curves, draw_points
from nnpipe.report.svg.stack import draw_stack


def draw(figure: Figure) -> str:
    """Return a figure as an `svg` element; every text in it is escaped."""
    match figure:
        case Histogram():
            canvas = draw_histogram(figure)
        case Ridges():
            canvas = draw_ridges(figure)
        case Matrix():
            canvas = draw_matrix(figure)
        case Bars():
            canvas = draw_bars(figure)
        case Points():
            canvas = draw_points(figure)
        case Curves():
            canvas = draw_curves(figure)
        case Parallel():
            canvas = draw_parallel(figure)
        case Stack():
            canvas = draw_stack(figure)
    return canvas.source()

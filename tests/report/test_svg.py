"""bars.py, canvas.py, histogram.py, matrix.py, parallel.py, points.py, scale.py, stack.py: SVG"""

from __future__ import annotations

import xml.dom.minidom

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.network.network import Network
from nnpipe.pipeline.run import build
from nnpipe.report.distribution import histogram, ridges
from nnpipe.report.figures import Axis, Bars, Curves, Matrix, Parallel, Points
from nnpipe.report.stack import stack_figure
from nnpipe.report.svg import draw
from nnpipe.report.svg.scale import round_numbers, scale_for

HOSTILE = "</svg><script>alert('x')</script>\x00\x1b\ud800\"'&"
texts = st.one_of(st.just(HOSTILE), st.text(max_size=30))
numbers = st.floats(-1e30, 1e30)


def parsed(svg: str) -> xml.dom.minidom.Document:
    document = xml.dom.minidom.parseString(svg.encode())
    assert document.documentElement.tagName == "svg"
    assert not document.getElementsByTagName("script")
    return document


def network(*sizes: int) -> Network:
    return build({"inputs": 7, "sizes": list(sizes)})


@given(texts, texts, st.lists(numbers, min_size=1, max_size=8), st.data())
def test_figures_of_any_names_and_numbers_are_well_formed(title, name, values, data):
    names = data.draw(st.lists(texts, min_size=len(values), max_size=len(values)))
    axes = [Axis(name, values), Axis(name, names), Axis(title, values)]
    array = np.array(values)
    histogram_ = histogram(title, array, ticks=array)
    ridges_ = ridges(title, array[:, None], [name], "linear")
    assert histogram_ is not None
    assert ridges_ is not None
    for figure in (
        histogram_,
        ridges_,
        Bars(title, names, [abs(v) for v in values], names),
        Points(title, axes[0], axes[2], names),
        Points(title, axes[1], axes[2], names),
        Curves(title, name, [(name, list(range(len(values))), values)]),
        Parallel(title, axes, names),
        Matrix(
            title,
            name,
            name,
            names,
            [name],
            array[:, None],
            [[n] for n in names],
            [[n] for n in names],
            min(values),
            max(values),
        ),
    ):
        parsed(draw(figure))


@pytest.mark.parametrize("sizes", [(1,), (3, 2), (100, 50, 10, 5), (1, 300, 1)])
def test_a_drawn_network_has_a_dot_for_each_neuron_or_for_ten_of_them(sizes):
    document = parsed(draw(stack_figure(network(*sizes))))
    dots = [
        c for c in document.getElementsByTagName("circle") if c.getAttribute("class") == "neuron"
    ]
    assert len(dots) == 7 + sum(min(size, 10) for size in sizes)
    text = " ".join(t.firstChild.data for t in document.getElementsByTagName("text"))
    assert f"{sizes[0]:,} × 8" in text


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(2, 8))
def test_ticks_are_round_numbers_within_the_axis(low, width, most):
    high = low + width
    found = round_numbers(low, high, most)
    assert len(found) <= most + 2
    tolerance = 1e-6 * max(abs(low), abs(high))
    assert all(low - tolerance <= v <= high + tolerance for v in found)


def test_positive_numbers_over_several_powers_stand_on_a_logarithmic_axis():
    scale = scale_for(Axis("learning rate", [1e-4, 1e-3, 1e-2, 1e-1]), 0, 300)
    assert [round(scale(v)) for v in (1e-4, 1e-3, 1e-2, 1e-1)] == [0, 100, 200, 300]
    assert [text for _, text in scale.ticks()] == ["0.0001", "0.001", "0.01", "0.1"]

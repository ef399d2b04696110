"""Figures as PNG files: figures.py, png.py."""

from __future__ import annotations

import numpy as np
import pytest

import nnpipe
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.report.figures import Axis, Curves, Matrix, Parallel, Points
from nnpipe.report.stack import stack_figure
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import verify
from tests.strategies import dense, every_kind, residual

pytest.importorskip("jinja2", reason="the extra nnpipe[report] is not installed")
Image = pytest.importorskip("PIL.Image", reason="the extra nnpipe[report] is not installed")
HOSTILE = r"$\frac{1}{<b>\n$ & 层 _^{"


def test_plots_are_png_files_that_the_manifest_lists(tmp_path):
    config = {
        "architecture": {"sizes": [30, 3]},
        "input": {"samples": 20, "features": 4},
        "output": {"root": str(tmp_path), "plots": "png"},
    }
    with nnpipe.run(config) as done:
        plots = {name for name in done.manifest.artifacts if name.endswith(".png")}
    assert plots == {
        "activations.png",
        "network.png",
        "outputs.png",
        "parameters.png",
        "timings.png",
    }
    assert verify(done.path, done.manifest) == []
    for name in plots:
        with Image.open(done.path / name) as image:
            image.load()
            assert image.format == "PNG"
            assert image.width == 960
            assert len(image.getcolors(1 << 24)) > 10


@pytest.mark.parametrize(
    "figure",
    [
        Points(HOSTILE, Axis(HOSTILE, [1.0, 10.0, 100.0]), Axis("y", [1.0, 2.0, 3.0]), [""] * 3),
        Points(HOSTILE, Axis("x", [HOSTILE, "b", "b"]), Axis("y", [1.0, 2.0, 3.0]), [""] * 3),
        Curves(HOSTILE, HOSTILE, [(HOSTILE, [1.0, 2.0], [3.0, 4.0])]),
        Parallel(HOSTILE, [Axis(HOSTILE, [HOSTILE, "b"]), Axis("y", [1.0, 2.0])], ["", ""]),
        Matrix(
            HOSTILE,
            HOSTILE,
            HOSTILE,
            [HOSTILE],
            ["b", "c"],
            np.array([[1.0, np.nan]]),
            [[HOSTILE, ""]],
            [["", ""]],
            1.0,
            1.0,
        ),
    ],
    ids=lambda figure: type(figure).__name__,
)
def test_figures_with_any_names_are_drawn(figure, tmp_path):
    from nnpipe.report.png import write_plots

    with Folder.open(tmp_path) as folder:
        (path,) = write_plots(folder, {"plot": [figure]})
    with Image.open(path) as image:
        image.load()
        assert len(image.getcolors(1 << 24)) > 5


def test_layers_without_lines_are_drawn(tmp_path):
    from nnpipe.report.png import write_plots

    network = build(every_kind(), inputs=4, seed=0, dtype="float32")
    assert not all(link.any() for link in stack_figure(network).links)
    with Folder.open(tmp_path) as folder:
        (path,) = write_plots(folder, {"network": [stack_figure(network)]})
    assert path.is_file()


def test_the_texts_between_columns_do_not_overlap():
    stack = {"block": residual(norm=LAYERS.choice("layer_norm"), wide=dense(64), back=dense(64))}
    network = build(stack, inputs=64, seed=0, dtype="float32")
    assert stack_figure(network).texts == ["64, 64, 64 ×…"]

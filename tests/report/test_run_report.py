"""Pages of runs: gallery.py, illustrate.py, layers.py, make.py, run.py, sample.py, stored.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnpipe
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import verify

pytest.importorskip("jinja2", reason="the extra nnpipe[report] is not installed")

SMALL = {"architecture": {"sizes": [6, 3]}, "input": {"samples": 20, "features": 4}}


def run(tmp_path: Path, **parts):
    output = {"root": str(tmp_path / "outputs"), **parts.pop("output", {})}
    with nnpipe.run({**SMALL, **parts, "output": output}) as done:
        return done


def page(done) -> str:
    return (done.path / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def images(tmp_path) -> dict:
    generator = np.random.default_rng(3)
    np.save(tmp_path / "x.npy", generator.integers(0, 256, (40, 8, 8), dtype=np.uint8))
    np.save(tmp_path / "y.npy", generator.integers(0, 3, 40))
    return {"kind": "npy", "path": str(tmp_path / "x.npy"), "labels": str(tmp_path / "y.npy")}


def test_a_run_leaves_a_page_that_its_manifest_lists(tmp_path):
    done = run(tmp_path)
    assert "report.html" in done.manifest.artifacts
    assert verify(done.path, done.manifest) == []
    assert "report" in done.manifest.seconds
    assert list(done.manifest.seconds)[-1] == "total"
    html = page(done)
    for expected in ("default/v0001", "hidden1", "6 × 5", "saturated", "output.activations"):
        assert (expected in html) is (expected != "output.activations")


def test_the_page_of_images_with_labels_shows_them_and_the_confusion_matrix(tmp_path, images):
    done = run(tmp_path, input=images)
    html = page(done)
    assert f"{100 * done.manifest.metrics['accuracy']:.1f} %" in html
    assert "Samples by label and prediction" in html
    assert html.count("data:image/png;base64,") == 21 + 6


def test_nothing_in_the_page_leads_out_of_it(tmp_path, images):
    html = page(run(tmp_path, input=images))
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src &#39;none&#39;" in html


def test_names_are_shown_as_they_are_and_never_as_markup(tmp_path):
    path = tmp_path / "<img src=x onerror=alert(1)>.npy"
    np.save(path, np.zeros((5, 4)))
    done = run(tmp_path, input={"kind": "npy", "path": str(path)})
    html = page(done)
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;.npy" in html


def test_no_page_is_made_where_none_is_wanted(tmp_path):
    done = run(tmp_path, output={"report": False})
    assert not (done.path / "report.html").exists()
    assert "report.html" not in done.manifest.artifacts
    assert "report" not in done.manifest.seconds


def test_the_jobs_of_a_sweep_have_pages_only_when_these_are_asked_for(tmp_path):
    for name, wanted, expected in (("a", None, False), ("b", True, True)):
        folder = tmp_path / name
        folder.mkdir()
        with Folder.open(folder) as held:
            nnpipe.run({**SMALL, "output": {"report": wanted}}, folder=held).close()
        assert (folder / "report.html").exists() is expected


def test_a_page_that_cannot_be_drawn_costs_no_results(tmp_path, monkeypatch, caplog):
    def fail(*_: object) -> None:
        problem = "no pen"
        raise ValueError(problem)

    monkeypatch.setattr("nnpipe.report.make.gather_run", fail)
    with caplog.at_level("INFO", "nnpipe"):
        done = run(tmp_path)
    assert done.manifest.status == "complete"
    assert "report.html" not in done.manifest.artifacts
    assert "report   none: ValueError: no pen" in caplog.text


def test_what_is_asked_for_and_not_installed_is_refused_before_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr("nnpipe.report.illustrate.find_spec", lambda name: None)
    with pytest.raises(nnpipe.ConfigError) as refused:
        run(tmp_path, output={"report": True, "plots": "png"})
    assert refused.value.problems == (
        "output.report: found true, but Jinja2 is not installed. pip install 'nnpipe[report]'",
        "output.plots: found 'png', but matplotlib is not installed. pip install 'nnpipe[report]'",
    )
    assert not (tmp_path / "outputs").exists()


def test_without_the_extra_a_run_works_and_one_line_says_how_to_get_a_page(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr("nnpipe.report.illustrate.find_spec", lambda name: None)
    with caplog.at_level("INFO", "nnpipe"):
        done = run(tmp_path)
    assert done.manifest.status == "complete"
    assert "report   none; pip install 'nnpipe[report]' draws one" in caplog.text


def test_an_unknown_format_for_plots_is_refused(tmp_path):
    with pytest.raises(nnpipe.ConfigError) as refused:
        run(tmp_path, output={"plots": "pgn"})
    assert str(refused.value) == ("output.plots: found 'pgn'; expected png. Did you mean 'png'?")


def test_a_network_that_gives_no_finite_number_has_a_page(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.full((5, 4), np.nan))
    done = run(tmp_path, input={"kind": "npy", "path": str(path)})
    assert "values of the input are not finite; the first is in row 0." in page(done)


@pytest.mark.parametrize(
    ("sizes", "activation"), [([1], "relu"), ([3] * 40, "softmax"), ([2000, 1], "linear")]
)
def test_networks_of_any_shape_have_a_page(tmp_path, sizes, activation):
    done = run(tmp_path, architecture={"sizes": sizes, "activation": activation})
    assert page(done).endswith("</html>\n")


def test_what_draws_is_not_imported_before_it_is_used(tmp_path):
    code = (
        "import sys, nnpipe.app.main, nnpipe; nnpipe.run({'output': {'report': False}}).close();"
        "print({'jinja2', 'matplotlib', 'markupsafe'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(nnpipe.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


def test_sampled_activations_are_those_that_would_have_been_stored(tmp_path):
    pages = [page(run(tmp_path, output={"activations": kept})) for kept in ([], ["all"])]
    drawn = [re.findall(r"<svg.*?</svg>", html) for html in pages]
    # All but the picture of the time, which is the last one.
    assert len(drawn[0]) == 8
    assert drawn[0][:-1] == drawn[1][:-1]


def test_the_page_says_how_many_neurons_never_change(tmp_path):
    done = run(
        tmp_path,
        architecture={"layers": {"dead": {"neurons": 7, "initializer": "zeros"}}},
    )
    assert "7 of 7 neurons never change" in page(done)


def test_images_without_a_finite_number_have_a_page(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.full((3, 8, 8), np.nan))
    done = run(tmp_path, input={"kind": "npy", "path": str(path)})
    assert page(done).count("data:image/png;base64,") == 3 + 6

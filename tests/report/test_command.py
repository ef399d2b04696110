"""The command nnpipe report: pages of stored runs and sweeps."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nnpipe
from nnpipe.report.command import main
from nnpipe.runs.store.manifest import verify

pytest.importorskip("jinja2", reason="the extra nnpipe[report] is not installed")

SMALL = {"architecture": {"sizes": [6, 3]}, "input": {"samples": 20, "features": 4}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_of_a_stored_run_is_made_later_and_is_the_same(folder, capsys):
    with nnpipe.run(SMALL) as made:
        at_once = (made.path / "report.html").read_text(encoding="utf-8")
    assert main(["default/1", "--to", "later.html"]) == 0
    assert capsys.readouterr().out == "later.html\n"
    later = (folder / "later.html").read_text(encoding="utf-8")

    def layers(page: str) -> str:
        return page[page.index("<h2>Layers</h2>") : page.index("<h2>Run</h2>")]

    assert layers(later) == layers(at_once)


def test_a_page_made_later_changes_nothing_that_is_sealed(folder):
    with nnpipe.run({**SMALL, "output": {"report": False}}) as made:
        pass
    assert main(["default/latest"]) == 0
    assert (made.path / "report.html").is_file()
    assert verify(made.path, made.manifest) == []
    assert nnpipe.open_run(made.path).manifest == made.manifest


def test_a_page_that_is_there_is_not_replaced(folder, capsys):
    nnpipe.run(SMALL).close()
    assert main(["default/1"]) == 2
    assert capsys.readouterr().err == (
        "outputs/default/v0001/report.html: exists already. "
        "Open it, or name another file with --to.\n"
    )


def test_the_input_of_a_stored_run_is_not_read(folder):
    np.save("x.npy", np.zeros((5, 28, 28), np.uint8))
    nnpipe.run({"input": {"kind": "npy", "path": "x.npy"}, "output": {"report": False}}).close()
    (folder / "x.npy").unlink()
    assert main(["default/1"]) == 0
    html = (folder / "outputs/default/v0001/report.html").read_text(encoding="utf-8")
    assert "data:image/png" not in html
    assert "No activations were stored" in html


def test_stored_activations_are_shown_without_the_input(folder):
    np.save("x.npy", np.zeros((5, 4)))
    config = {"input": {"kind": "npy", "path": "x.npy"}, "output": {"activations": ["all"]}}
    nnpipe.run(config).close()
    (folder / "x.npy").unlink()
    assert main(["default/1", "--to", "later.html"]) == 0
    assert "Activations of 5 stored rows" in (folder / "later.html").read_text("utf-8")


def test_a_damaged_run_has_no_page(folder, capsys):
    with nnpipe.run({**SMALL, "output": {"report": False}}) as made:
        pass
    with (made.path / "results.h5").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"?")
    assert main(["default/1"]) == 2
    assert "its SHA-256 is not the one in the manifest" in capsys.readouterr().err
    assert not (made.path / "report.html").exists()


def test_without_the_extra_the_command_says_how_to_get_it(folder, monkeypatch, capsys):
    monkeypatch.setattr("nnpipe.report.illustrate.find_spec", lambda name: None)
    assert main(["default/1"]) == 2
    assert capsys.readouterr().err == (
        "nnpipe report needs Jinja2, which is not installed. pip install 'nnpipe[report]'\n"
    )


def test_plots_of_a_stored_run_are_made_later(folder):
    pytest.importorskip("matplotlib", reason="the extra nnpipe[report] is not installed")
    nnpipe.run(SMALL).close()
    assert main(["default/1", "--to", "later.html", "--plots", "plots"]) == 0
    assert (folder / "plots" / "outputs.png").is_file()


NUMBERS = [0, -1, 1e308, 2**64 - 1]
JUNK = [*NUMBERS, None, "<script>", [], ["<b>", {}], {}, {"a": {"b": []}}, True]


@given(
    metrics=st.dictionaries(
        st.sampled_from(
            [
                "accuracy",
                "samples",
                "evaluation",
                "cross_entropy",
                "nonfinite_inputs",
                "first_nonfinite_row",
            ]
        ),
        st.sampled_from([*JUNK, {"accuracy": "<b>", "input": ["<b>"], "cross_entropy": -1}]),
    ),
    seconds=st.dictionaries(st.sampled_from(["infer", "total", "<b>"]), st.sampled_from([0, 1e18])),
    found=st.dictionaries(
        st.sampled_from(["kind", "path", "shape", "dtype"]), st.sampled_from(JUNK)
    ),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_manifest_of_any_content_makes_a_page_without_markup_of_its_own(
    stored, tmp_path, metrics, seconds, found
):
    path = stored / "manifest.json"
    content = json.loads(path.read_text())
    content |= {"metrics": metrics, "seconds": seconds, "input": found}
    content |= {"software": {"<b>": "<b>"}, "blas": [{}, {"name": ["<b>"]}]}
    path.write_text(json.dumps(content))
    assert main([str(stored), "--to", str(tmp_path / "page.html")]) == 0
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert html.count("<script>") == 1
    assert "<b>" not in html


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    output = {"root": str(tmp_path_factory.mktemp("stored")), "report": False}
    with nnpipe.run({**SMALL, "output": output}) as made:
        return made.path


def test_the_page_of_a_stored_sweep_is_made_later_and_is_the_same(sweep, tmp_path, capsys):
    later = tmp_path / "later.html"
    assert main([str(sweep.parent), "--to", str(later)]) == 0
    assert capsys.readouterr().out == f"{later}\n"
    assert later.read_text(encoding="utf-8") == sweep.read_text(encoding="utf-8")

"""The table and the manifest of a sweep come from the folders of its jobs."""

from __future__ import annotations

import json

import pytest

import nnpipe
from nnpipe.errors import ConfigError
from nnpipe.runs.inspect.sweep import add_row, finish_sweep, job_line, metric_of, read_jobs
from nnpipe.runs.inspect.verification import digest, verify_run
from nnpipe.runs.store.definition import Definition, write_definition
from nnpipe.runs.store.folder import Folder


@pytest.fixture
def sweep(tmp_path):
    """A sweep of two jobs, of which the second was killed."""
    with Folder.open(tmp_path) as root, root.inside("v0001", make=True) as folder:
        write_definition(folder, Definition(started="2026-11-26T12:00:00Z", directory="/"))
        folder.make("runs")
        for number in range(2):
            with nnpipe.run(
                {
                    "architecture": {"sizes": [4, 3]},
                    "input": {"samples": 20, "features": 5},
                    "output": {"root": str(tmp_path / "made"), "report": False},
                }
            ) as run:
                job = run.path.rename(folder.path / "runs" / f"{number:03d}")
        (job / "manifest.json").unlink()
        (job / "overrides.yaml").write_text("- =evil\n- +seed=1\n")
        yield folder


def test_a_row_holds_the_overrides_the_status_and_the_metrics_of_a_job(sweep):
    first, second = read_jobs(sweep.path)
    assert (first["job"], first["status"], first["samples"]) == ("000", "complete", 20)
    assert first["path"] == "runs/000"
    assert (second["status"], second["seed"]) == ("killed", "1")
    assert job_line(sweep.path / "runs/001") == "001  killed       =evil seed=1"


def test_a_sweep_is_complete_only_if_every_job_is(sweep):
    text, complete = finish_sweep(sweep)
    assert not complete
    assert "jobs   2: 1 complete, 1 killed" in text
    manifest = json.loads((sweep.path / "manifest.json").read_text())
    assert (manifest["status"], manifest["error"]) == ("failed", "1 jobs are not complete")
    assert set(manifest["artifacts"]) == {"sweep.yaml", "sweep.csv"}
    assert any("runs/001" in problem for problem in verify_run(sweep.path))
    assert len(digest(sweep.path)) == 64


def test_a_row_is_added_to_a_table_that_others_write_too(sweep):
    for job in ("001", "000", "001"):
        add_row(sweep, job)
    lines = (sweep.path / "sweep.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["job", "000", "001"]


def test_a_metric_is_read_by_its_name_in_the_table(sweep):
    job = sweep.path / "runs/000"
    assert metric_of(job, "samples") == 20
    assert metric_of(job, None) is metric_of(sweep.path / "runs/001", "samples") is None
    with pytest.raises(ConfigError, match=r"output\.metric: 'sample' is not a metric of this run"):
        metric_of(job, "sample")


def test_a_job_that_is_removed_while_the_table_is_read_is_left_out(sweep, monkeypatch):
    there = [sweep.path / "runs" / name for name in ("000", "001", "002")]
    monkeypatch.setattr("nnpipe.runs.inspect.sweep.jobs", lambda folder: there)
    assert [row["job"] for row in read_jobs(sweep.path)] == ["000", "001"]

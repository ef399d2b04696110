"""A sweep is one numbered folder of runs.

Modules: app/job.py, app/swept.py.
"""

from __future__ import annotations

import csv
import json

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.app.main import main
from nnpipe.runs.inspect.listing import list_runs

SMALL = ("input.samples=20", "input.features=6")


def rows(folder):
    with (folder / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_six_jobs_land_in_one_folder_with_a_table(program, tmp_path):
    done = program("-m", "architecture.sizes=[5,3],[10,3]", "seed=1,2,3", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "outputs" / "default" / "v0001"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["v0001"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json",
        "report.html",
        "runs",
        "sweep.csv",
        "sweep.yaml",
    ]
    names = [f"{number:03d}" for number in range(6)]
    assert sorted(path.name for path in (folder / "runs").iterdir()) == names
    table = rows(folder)
    assert [row["path"] for row in table] == [f"runs/{name}" for name in names]
    assert [(row["architecture.sizes"], row["seed"]) for row in table] == [
        (sizes, seed) for sizes in ("[5,3]", "[10,3]") for seed in "123"
    ]
    for row in table:
        assert row["status"] == "complete"
        with nnpipe.open_run(folder / row["path"]) as run:
            assert run.config["seed"] == int(row["seed"])
            assert float(row["outputs.mean"]) == run.manifest.metrics["outputs"]["mean"]
    assert json.loads((folder / "manifest.json").read_text())["status"] == "complete"
    assert done.stdout.splitlines()[-2:] == [
        "jobs   6: 6 complete",
        f"table  {folder / 'sweep.csv'}",
    ]


def test_a_sweep_and_the_list_of_runs_tell_how_networks_do_on_the_test(program, tmp_path):
    generator = np.random.default_rng(0)
    for name in ("train.h5", "test.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["x"], file["y"] = generator.normal(size=(40, 6)), generator.integers(0, 5, 40)
    learned = [f"input.{key}" for key in ("path=train.h5", "dataset=/x", "labels=/y")]
    judged = [f"test.{key}" for key in ("path=test.h5", "dataset=/x", "labels=/y")]
    train = ("pipeline=train", "input=hdf5", "input@test=hdf5", "training.epochs=1")
    last = "architecture.output_activation=softmax"
    done = program("-m", "seed=1,2", *train, *learned, *judged, last)
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "outputs" / "default" / "v0001"
    lines = [line for line in done.stdout.splitlines() if line.startswith("00")]
    for line, row in zip(lines, rows(folder), strict=True):
        assert row["evaluation.accuracy"] != row["accuracy"]
        assert line.endswith(f"test accuracy {float(row['evaluation.accuracy']):.2%}")
    evaluation = nnpipe.open_run(folder / "runs/000").manifest.metrics["evaluation"]
    assert program(*train, *learned, *judged, last, "seed=1", "output.name=one").returncode == 0
    listed = list_runs(folder.parent.parent, ["one"]).text
    assert f"test: accuracy {evaluation['accuracy']:.4g}" in listed


@pytest.mark.parametrize(
    ("overrides", "jobs"),
    [
        (("architecture=stack", "architecture.layers.hidden1.neurons=5,7"), 2),
        (("architecture=uniform", "architecture.width=3,4", "architecture.depth=1,2,3"), 6),
    ],
)
def test_a_single_number_of_an_architecture_can_be_swept(program, tmp_path, overrides, jobs):
    assert program("-m", *overrides, *SMALL).returncode == 0
    table = rows(tmp_path / "outputs" / "default" / "v0001")
    assert [row["status"] for row in table] == ["complete"] * jobs


def test_a_job_that_fails_does_not_stop_the_others_and_is_named(program, tmp_path):
    done = program("-m", "architecture.inputs=6,5,null", *SMALL)
    assert done.returncode == 1
    folder = tmp_path / "outputs" / "default" / "v0001"
    assert [row["status"] for row in rows(folder)] == ["complete", "failed", "complete"]
    reason = (
        "architecture.inputs: found 5; expected 6, the number of features in the input. "
        "Set it to 6 or to null."
    )
    assert rows(folder)[1]["error"] == reason
    assert f"001  failed       {reason}" in done.stdout.splitlines()
    assert json.loads((folder / "manifest.json").read_text())["status"] == "failed"
    with pytest.raises(nnpipe.RunError, match="the run is failed"):
        nnpipe.open_run(folder / "runs" / "001")


def test_what_is_wrong_in_every_job_is_refused_before_anything_is_made(program, tmp_path):
    done = program("-m", "seed=1,2", "architecture.activation=sigmiod")
    assert done.returncode == 2
    assert done.stderr.startswith("architecture.activation: 'sigmiod' is not an activation; ")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_is_no_run(program, tmp_path):
    program("-m", "seed=1,2", *SMALL)
    folder = tmp_path / "outputs" / "default" / "v0001"
    with pytest.raises(nnpipe.RunError) as caught:
        nnpipe.open_run(folder)
    assert str(caught.value) == (
        f"{folder}: a sweep, not a run. Open one of the runs in it, such as {folder}/runs/000."
    )


def test_a_sweep_of_more_jobs_than_memory_holds_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["-m", "seed=range(1000000000000)", "dtype=float32,float64"]) == 2
    said = "the sweep: found 2,000,000,000,000 jobs; expected 100,000 at most\n"
    assert capsys.readouterr().err == said
    assert not (tmp_path / "outputs").exists()

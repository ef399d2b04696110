"""Sweeps whose jobs run side by side: one folder, Hydra's order, and a job that dies alone."""

from __future__ import annotations

import csv
import json
import os
import pickle
import signal
import stat
import subprocess
import sys
from contextlib import ExitStack

import pytest
import yaml

import nnpipe
from nnpipe.app.sweep import own_folder
from nnpipe.errors import RunError
from nnpipe.runs.store.folder import Folder
from tests.processes import NNPIPE, RUN, holder, parent, programs, wait_for, wait_until_gone

SMALL = ("input.features=6", "architecture.sizes=[3]")
ENDLESS = 20_000_000  # most of a minute of drawing random rows


@pytest.fixture
def start(tmp_path):
    with programs(tmp_path) as start:
        yield start


@pytest.fixture
def sweep(start):
    """Return a function that starts a sweep in tmp_path."""
    return lambda *arguments: start(*RUN, "-m", *SMALL, *arguments)


def table(folder):
    with (folder / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def two_jobs():
    pytest.importorskip("joblib", reason="needs nnpipe[joblib]")
    return ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


def test_jobs_side_by_side_land_in_hydras_order_whatever_order_they_end_in(
    sweep, tmp_path, two_jobs
):
    process = sweep(*two_jobs, "input.samples=30000,20,21,22,23")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    folder = tmp_path / "outputs" / "default" / "v0001"
    assert [path.name for path in folder.parent.iterdir()] == ["v0001"]
    rows = table(folder)
    assert [row["job"] for row in rows] == ["000", "001", "002", "003", "004"]
    assert [row["input.samples"] for row in rows] == ["30000", "20", "21", "22", "23"]
    assert out.splitlines()[-2] == "jobs   5: 5 complete"
    share = max(1, len(os.sched_getaffinity(0)) // 2)
    for row in rows:
        with nnpipe.open_run(folder / row["path"]) as run:
            assert len(run.outputs) == int(row["input.samples"])
            assert {library["threads"] for library in run.manifest.blas} <= {*range(share + 1)}


@pytest.mark.slow
def test_a_job_that_is_killed_is_interrupted_and_the_others_finish(sweep, tmp_path, two_jobs):
    process = sweep(*two_jobs, f"input.samples=20,{ENDLESS},22,23,24,25")
    folder = tmp_path / "outputs" / "default" / "v0001"
    os.kill(holder(folder / "runs" / "001" / "run.log"), signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (1, "")
    rows = table(folder)
    assert [row["status"] for row in rows] == ["complete", "interrupted", *["complete"] * 4]
    assert rows[1]["error"] == "killed by SIGKILL"
    assert "001  interrupted  killed by SIGKILL" in out.splitlines()
    assert json.loads((folder / "manifest.json").read_text())["status"] == "failed"
    assert not (folder / "runs" / "001" / "results.h5").exists()


@pytest.mark.slow
def test_an_interrupt_ends_the_jobs_too(sweep, tmp_path, two_jobs):
    process = sweep(*two_jobs, f"input.samples=20,{ENDLESS},{ENDLESS + 1},23")
    folder = tmp_path / "outputs" / "default" / "v0001"
    jobs = [holder(folder / "runs" / name / "run.log") for name in ("001", "002")]
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    wait_until_gone(jobs)
    statuses = {row["job"]: row["status"] for row in table(folder)}
    assert statuses == {"000": "complete", "001": "interrupted", "002": "interrupted"}


@pytest.mark.slow
def test_when_processes_of_joblib_are_killed_their_jobs_are_interrupted_and_the_others_finish(
    sweep, tmp_path, two_jobs
):
    process = sweep(*two_jobs, f"input.samples=20,{ENDLESS},{ENDLESS + 1},23,24,25")
    folder = tmp_path / "outputs" / "default" / "v0001"
    job, beside = (holder(folder / "runs" / name / "run.log") for name in ("001", "002"))
    os.kill(parent(job), signal.SIGKILL)
    # Joblib kills the other one too, which is begun again.
    wait_until_gone([job, beside])
    os.kill(parent(holder(folder / "runs" / "002" / "run.log")), signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (1, "")
    rows = table(folder)
    reason = "the process that started it was killed"
    assert [(row["status"], row.get("error")) for row in rows] == [
        ("complete", ""),
        ("interrupted", reason),
        ("interrupted", reason),
        *[("complete", "")] * 3,
    ]
    assert json.loads((folder / "manifest.json").read_text())["status"] == "failed"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("launcher", "package"), [("joblib", "joblib"), ("submitit_local", "submitit")]
)
def test_an_interrupted_sweep_is_resumed_by_its_launcher(sweep, start, tmp_path, launcher, package):
    pytest.importorskip(package, reason=f"needs {package}")
    process = sweep(f"hydra/launcher={launcher}", "input.samples=20,200000,21")
    folder = tmp_path / "outputs" / "default" / "v0001"
    job = holder(folder / "runs" / "001" / "run.log")
    wait_for(folder / "runs" / "000" / "manifest.json")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    wait_until_gone([job])
    assert {row["job"]: row["status"] for row in table(folder)}["001"] == "interrupted"
    done = (folder / "runs" / "000" / "manifest.json").read_bytes()
    out, err = start(*NNPIPE, "runs", "resume", "default/1").communicate(timeout=60)
    assert err == ""
    assert "jobs   3: 3 complete" in out.splitlines()
    assert [row["status"] for row in table(folder)] == ["complete"] * 3
    assert (folder / "runs" / "000" / "manifest.json").read_bytes() == done


def test_results_of_earlier_jobs_are_not_there_to_be_loaded(sweep, start, tmp_path):
    pytest.importorskip("submitit", reason="needs submitit")
    sweep("hydra/launcher=submitit_local", "input.samples=20,21").communicate(timeout=60)
    folder = tmp_path / "outputs" / "default" / "v0001"
    (folder / "manifest.json").unlink()
    (folder / "runs" / "001" / "manifest.json").unlink()
    assert not (folder / ".submitit").exists()
    # A job of this number would be taken for done, and this loaded, which runs what it says.
    for number in (1, *range(os.getpid(), os.getpid() + 2000)):
        planted = folder / ".submitit" / str(number) / f"{number}_0_result.pkl"
        planted.parent.mkdir(parents=True)
        planted.write_bytes(pickle.dumps(("success", 1)))
    start(*NNPIPE, "runs", "resume", "default/1").communicate(timeout=60)
    assert [row["status"] for row in table(folder)] == ["complete"] * 2


def test_what_submitit_keeps_for_slurm_lies_in_a_new_private_folder(tmp_path):
    kept = tmp_path / ".hydra" / ".submitit" / "17_0" / "17_0_0_result.pkl"
    kept.parent.mkdir(parents=True)
    kept.touch()
    launcher = {"_target_": "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"}
    with Folder.open(tmp_path) as folder, ExitStack() as stack:
        own = own_folder(folder, launcher, stack)
        assert own == tmp_path / ".hydra"
        assert (list(own.iterdir()), stat.S_IMODE(own.stat().st_mode)) == ([], 0o700)
        (tmp_path / ".hydra").rmdir()
        (tmp_path / ".hydra").symlink_to("/")
        assert own_folder(folder, launcher, stack).resolve() == tmp_path / ".hydra"
        tmp_path.chmod(0o777)
        with pytest.raises(RunError, match="everyone may write to it, and Slurm's jobs would load"):
            own_folder(folder, launcher, stack)
        local = own_folder(folder, {"_target_": "x.LocalLauncher"}, stack)
        assert stat.S_IMODE(local.stat().st_mode) == 0o700
    assert not local.exists()


def test_a_working_folder_that_a_sweep_names_lends_no_modules(start, tmp_path, two_jobs):
    program = tmp_path / "bin" / "start.py"
    program.parent.mkdir()
    program.write_text("import sys\nfrom nnpipe.cli.main import main\nsys.exit(main())\n")
    command = (sys.executable, program)
    start(*command, "run", "-m", *SMALL, *two_jobs, "seed=1,2").communicate(timeout=60)
    folder = tmp_path / "outputs" / "default" / "v0001"
    (folder / "manifest.json").unlink()
    (folder / "runs" / "001" / "manifest.json").unlink()
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in ("logging.py", "selectors.py"):
        (evil / name).write_text(f"open({str(tmp_path / 'proof')!r}, 'w')\n")
    definition = yaml.safe_load((folder / "sweep.yaml").read_text())
    (folder / "sweep.yaml").write_text(yaml.safe_dump(definition | {"directory": str(evil)}))
    start(*command, "runs", "resume", "default/1").communicate(timeout=60)
    assert [row["status"] for row in table(folder)] == ["complete"] * 2
    assert not (tmp_path / "proof").exists()


WITHOUT_PLUGINS = """
import sys
sys.modules["hydra_plugins"] = None
from nnpipe.app.main import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("choice", "extra"), [("joblib", "joblib"), ("cores", "joblib"), ("slurm", "slurm")]
)
def test_a_launcher_that_is_not_installed_is_named_with_its_extra(tmp_path, choice, extra):
    command = [sys.executable, "-c", WITHOUT_PLUGINS, "-m", "seed=1,2", f"hydra/launcher={choice}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == (
        f"hydra/launcher: {choice!r} is not installed. Run pip install 'nnpipe[{extra}]'.\n"
    )
    assert list(tmp_path.iterdir()) == []

"""Sweeps and sharded inference on a real Slurm of one node; see start_slurm.sh."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import nnpipe
from tests.processes import (
    NNPIPE,
    RUN,
    descendants,
    holder,
    programs,
    wait_for,
    wait_until_gone,
)
from tests.sockets import PAGES, answers, listening

ENDLESS = 20_000_000  # most of a minute of drawing random rows


def why_not():
    if shutil.which("sinfo") is None:
        return "Slurm is not installed; see tests/cluster/start_slurm.sh"
    up = subprocess.run(["sinfo", "--noheader"], capture_output=True, timeout=30)
    return "" if up.returncode == 0 else "Slurm is not running; start tests/cluster/start_slurm.sh"


pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a run; what is left of it and in Slurm is ended."""
    with programs(tmp_path) as start:
        yield lambda *arguments: start(*RUN, *arguments, "output.report=false")
    subprocess.run(["scancel", "--user=root"], check=False)


def test_a_slurm_job_that_is_killed_is_interrupted_and_the_others_finish(start, tmp_path):
    pytest.importorskip("submitit", reason="needs nnpipe[slurm]")
    process = start(
        "-m",
        *("hydra/launcher=submitit_slurm", "hydra.launcher.partition=test"),
        *("hydra.launcher.timeout_min=5", "hydra.launcher.cpus_per_task=1"),
        *("input.features=6", "architecture.sizes=[3]", f"input.samples=20,{ENDLESS},22,23"),
    )
    folder = tmp_path / "outputs" / "default" / "v0001"
    wait_for(folder / "runs" / "001" / "overrides.yaml")
    os.kill(holder(folder / "runs" / "001" / "run.log"), signal.SIGKILL)
    _, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (1, "")
    assert [path.name for path in folder.parent.iterdir()] == ["v0001"]
    with (folder / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["input.samples"] for row in rows] == ["20", str(ENDLESS), "22", "23"]
    assert [row["status"] for row in rows] == ["complete", "interrupted", "complete", "complete"]
    assert re.fullmatch(r"its Slurm job, \d+_1, ended as [A-Z_]+", rows[1]["error"])
    for row in (rows[0], *rows[2:]):
        with nnpipe.open_run(folder / row["path"]) as run:
            assert {library["threads"] for library in run.manifest.blas} <= {1}


def test_slurm_jobs_outlive_a_killed_sweep_end_by_the_line_given_and_are_resumed(start, tmp_path):
    pytest.importorskip("submitit", reason="needs nnpipe[slurm]")
    process = start(
        *("-m", "hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1"),
        *("input.features=6", "architecture.sizes=[3]", "input.samples=20,4000000"),
    )
    folder = tmp_path / "outputs" / "default" / "v0001"
    job = holder(folder / "runs" / "001" / "run.log")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    resume = [*NNPIPE, "runs", "resume", "default/1"]
    refused = subprocess.run(resume, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    line = re.fullmatch(
        "outputs/default/v0001: Slurm still has jobs of this sweep. "
        r"Wait until they end, or end them: (scancel \d+)\n",
        refused.stderr,
    )
    assert line is not None
    subprocess.run(line[1].split(), check=True)
    wait_until_gone([job])
    manifest = json.loads((folder / "runs" / "001" / "manifest.json").read_text())
    assert (manifest["status"], manifest["error"]) == ("interrupted", "terminated by SIGTERM")
    wait_for_slurm(line[1].split()[1])
    resumed = subprocess.run(resume, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert "jobs   2: 2 complete" in resumed.stdout.splitlines()


def wait_for_slurm(job):
    """Wait until Slurm has a job no more."""
    command = ["squeue", "--noheader", f"--jobs={job}"]
    for _ in range(300):
        if not subprocess.run(command, capture_output=True, check=False).stdout:
            return
        time.sleep(0.1)
    pytest.fail(f"Slurm does not end {job}")


def test_workers_in_slurm_jobs_hold_the_bits_of_one_process_when_one_is_killed(start, tmp_path):
    pytest.importorskip("dask_jobqueue", reason="needs nnpipe[dask]")
    request = (
        *("input.samples=300000", "input.features=6", "architecture.sizes=[16,3]"),
        "engine.batch_size=8192",
    )
    assert start(*request).communicate(timeout=120)[1] == ""
    process = start(
        *request,
        *("engine=dask", "engine.cluster=slurm", "engine.workers=2"),
        *("engine.memory=1GiB", "engine.walltime=00:10:00"),
    )
    single, sharded = (tmp_path / "outputs" / "default" / name for name in ("v0001", "v0002"))
    os.kill(holder(sharded / "results" / ".part-00001.h5.*.part"), signal.SIGKILL)
    out, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (0, "")
    assert "scancel --name=nnpipe-default-v0002" in out
    with nnpipe.open_run(single) as a, nnpipe.open_run(sharded) as b:
        assert b.outputs.is_virtual
        assert a.outputs[()].tobytes() == b.outputs[()].tobytes()
        assert a.manifest.metrics == b.manifest.metrics
    left = subprocess.run(
        ["squeue", "--noheader", "--name=nnpipe-default-v0002", "--states=R,PD"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert left.stdout == ""


def test_another_user_gets_nothing_from_a_cluster_in_slurm_jobs(start, tmp_path):
    pytest.importorskip("dask_jobqueue", reason="needs nnpipe[dask]")
    from distributed.security import Security

    made = Security.temporary()
    (tmp_path / "own.pem").write_text(made.tls_client_key + made.tls_client_cert)
    process = start(
        *(f"input.samples={ENDLESS}", "input.features=6", "architecture.sizes=[16,3]"),
        *("engine=dask", "engine.cluster=slurm", "engine.memory=1GiB"),
    )
    run = tmp_path / "outputs" / "default" / "v0001"
    worker = holder(run / "results" / ".part-*.h5.*.part")
    (certificates,) = Path.home().glob(".nnpipe-dask-*")
    assert certificates.stat().st_mode & 0o777 == 0o700
    addresses = listening([process.pid, *descendants(process.pid), worker])
    assert len(addresses) >= 4  # the scheduler and a worker, and their pages
    for address in addresses:
        heard = answers(address, tmp_path / "own.pem")
        assert heard.keys() <= {*PAGES}
        assert all(answer.split()[1] == "404" for answer in heard.values())
    os.kill(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert err == "terminated\n"
    assert not certificates.exists()

"""Wait for the jobs of a sweep that submitit has begun, and say which of them are Slurm's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from shutil import which
from typing import Any

from nnpipe.app.compose import job_folder
from nnpipe.errors import RunError
from nnpipe.runs.folder import Folder
from nnpipe.runs.manifest import FILE as MANIFEST
from nnpipe.runs.record import Record

_JOB = re.compile(r"\d+_\d+")

OWN = ".hydra"
"""The folder in a sweep for what Hydra and submitit write, where its jobs are Slurm's."""

SUBMITTED = ".submitit"
"""Where submitit keeps, within that folder, one for each job that it has submitted."""


def is_slurm(launcher: Any) -> bool:
    """Tell whether the jobs of a launcher, given by its config, run on other machines."""
    return str(launcher.get("_target_")).endswith(".SlurmLauncher")


def wait_for_others(sweep: Folder, own: Path, error: Exception) -> bool:
    """Wait for the other jobs that submitit began if the error is that one of them died.

    A run whose Slurm job ended before it could say so is marked as interrupted.

    Parameters
    ----------
    sweep : Folder
        The sweep's.
    own : Path
        The folder in which submitit keeps its files.
    error : Exception
        What ended the launch.

    Returns
    -------
    bool
        Whether it is.
    """
    if "submitit" not in sys.modules:
        return False
    submitit = import_module("submitit")
    if not isinstance(error, submitit.core.utils.UncompletedJobError):
        return False
    for job_id in _jobs(own):
        job = submitit.SlurmJob(folder=own / SUBMITTED / "%j", job_id=job_id)
        job.wait()
        run = sweep.path / "runs" / job_folder(job_id.partition("_")[2])
        if run.is_dir() and not (run / MANIFEST).exists():
            with sweep.inside("runs") as runs, runs.inside(run.name) as folder:
                said = f"its Slurm job, {job_id}, ended as {job.state}"
                Record(folder).seal("interrupted", said)
    for path in (own / SUBMITTED).glob("[0-9]*"):
        # Jobs on this machine are named by their process, a child of this one.
        if path.name.isdecimal():
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, int(path.name), os.WEXITED | os.WNOWAIT)
    return True


def cancel_line(folder: Path) -> str | None:
    """Return the command that ends the Slurm jobs of a sweep, which outlive what started them."""
    arrays = sorted({job.partition("_")[0] for job in _jobs(folder / OWN)})
    return f"scancel {' '.join(arrays)}" if arrays else None


def refuse_line_breaks(folder: Path) -> None:
    """Refuse a folder whose name would break a line of a batch script.

    Raises
    ------
    RunError
        If it has a control character.
    """
    if not str(folder).isprintable():
        problem = f"{str(folder)!r}: its name cannot stand in a batch script. Rename it."
        raise RunError(problem)


def still_there(folder: Path) -> bool:
    """Tell whether Slurm still has jobs of a sweep, waiting or running."""
    ids = ",".join(_jobs(folder / OWN))
    if not ids or which("squeue") is None:
        return False
    command = ["squeue", "--noheader", f"--jobs={ids}"]
    return bool(subprocess.run(command, capture_output=True, check=False).stdout.strip())


def _jobs(own: Path) -> list[str]:
    """Return the ids of a sweep's jobs, such as 17_0 for the first of the array 17."""
    submitted = own / SUBMITTED
    if not submitted.is_dir():
        return []
    return sorted(path.name for path in submitted.iterdir() if _JOB.fullmatch(path.name))

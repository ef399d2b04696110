"""Wait for the jobs that submitit started for a sweep, and find those that Slurm still has."""

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
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import FILE as MANIFEST
from nnpipe.runs.store.record import Record

_JOB = re.compile(r"\d+_\d+")

OWN = ".hydra"
"""The folder in a sweep of Slurm jobs for the files of Hydra and submitit."""

SUBMITTED = ".submitit"
"""The folder inside it with one folder for each job that submitit submitted."""


def is_slurm(launcher: Any) -> bool:
    """Return whether a launcher, given by its config, runs jobs on other machines."""
    return str(launcher.get("_target_")).endswith(".SlurmLauncher")


def wait_for_others(sweep: Folder, own: Path, error: Exception) -> bool:
    """Wait for the other jobs of submitit if the error says that one of them died.

    A run without a manifest whose Slurm job has ended is marked as interrupted.

    Parameters
    ----------
    sweep : Folder
        The sweep's folder.
    own : Path
        The folder of submitit's files.
    error : Exception
        The error that ended the launch.

    Returns
    -------
    bool
        Whether the error says so.
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
                reason = f"its Slurm job, {job_id}, ended as {job.state}"
                Record(folder).seal("interrupted", reason)
    for path in (own / SUBMITTED).glob("[0-9]*"):
        # The name of a job on this machine is its process id, a child of this process.
        if path.name.isdecimal():
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, int(path.name), os.WEXITED | os.WNOWAIT)
    return True


def cancel_line(folder: Path) -> str | None:
    """Return the command that ends the Slurm jobs of a sweep, or None without such jobs."""
    arrays = sorted({job.partition("_")[0] for job in _jobs(folder / OWN)})
    return f"scancel {' '.join(arrays)}" if arrays else None


def refuse_line_breaks(folder: Path) -> None:
    """Refuse a folder whose name would break a line of a batch script.

    Raises
    ------
    RunError
        If the name contains a control character.
    """
    if not str(folder).isprintable():
        problem = f"{str(folder)!r}: the name has a line break or control character. Rename it."
        raise RunError(problem)


def still_there(folder: Path) -> bool:
    """Return whether Slurm still has jobs of a sweep, pending or running."""
    ids = ",".join(_jobs(folder / OWN))
    if not ids or which("squeue") is None:
        return False
    command = ["squeue", "--noheader", f"--jobs={ids}"]
    return bool(subprocess.run(command, capture_output=True, check=False).stdout.strip())


def _jobs(own: Path) -> list[str]:
    """Return the ids of a sweep's Slurm jobs, such as 17_0 for the first job of array 17."""
    submitted = own / SUBMITTED
    if not submitted.is_dir():
        return []
    return sorted(path.name for path in submitted.iterdir() if _JOB.fullmatch(path.name))

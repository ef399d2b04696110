"""Begin a job of a sweep in its folder, unless it is done or still running."""

from __future__ import annotations

from pathlib import Path

from nnpipe.errors import RunError
from nnpipe.runs.inspect.details import read_yaml
from nnpipe.runs.inspect.state import State, look
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.lock import is_held
from nnpipe.runs.store.open import LOG, OVERRIDES
from nnpipe.runs.store.parts import FOLDER as PARTS


def job_of(sweep: Folder, name: str) -> Folder:
    """Open the folder of a sweep's job, and create it if it is missing."""
    with sweep.inside("runs", make=True) as runs:
        return runs.inside(name, make=True)


def begin_job(held: Folder, overrides: list[str], since: str | None = None) -> bool:
    """Return whether a job has to run; if so, empty its folder.

    Parameters
    ----------
    held : Folder
        The job's folder.
    overrides : list of str
        The overrides that define the job.
    since : str, optional
        A time. A job that has ended since then does not run again, complete or not.

    Raises
    ------
    RunError
        If the folder holds the complete run of another job, or if another process runs the job.
    """
    folder = held.path
    state = look(folder)
    if state.status != "complete" and since is not None and has_ended(state, since):
        return False
    if state.status == "complete":
        done = read_yaml(folder / OVERRIDES)
        if done != overrides:
            problem = (
                f"{folder}: found the run of {done}; expected {overrides}. Nothing was changed."
            )
            raise RunError(problem)
        return False
    refuse_running(folder)
    held.check_all(PARTS)
    for name in held.names():
        held.remove(name)
    return True


def has_ended(state: State, since: str) -> bool:
    """Return whether a job has ended, with any status, since a time in the format of `now`."""
    return state.manifest is not None and state.manifest.ended >= since


def refuse_running(job: Path) -> None:
    """Refuse to change a job that is still running, such as a Slurm job of a killed sweep.

    Raises
    ------
    RunError
        If a process holds the lock on the job's log.
    """
    if is_held(job / LOG):
        problem = f"{job}: another process is running the job. Wait until it ends, or end it."
        raise RunError(problem)

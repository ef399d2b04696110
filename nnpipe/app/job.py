"""Begin a job of a sweep in its folder, unless it is done or goes on elsewhere."""

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
    """Open the folder of a sweep's job, which is made if it is missing."""
    with sweep.inside("runs", make=True) as runs:
        return runs.inside(name, make=True)


def begin_job(held: Folder, overrides: list[str], since: str | None = None) -> bool:
    """Tell whether a job has still to be done; if so, clear away what an earlier try left.

    Parameters
    ----------
    held : Folder
        The job's.
    overrides : list of str
        What the job is.
    since : str, optional
        A time since which a job may have ended to be done with, complete or not.

    Raises
    ------
    RunError
        If the folder holds the complete run of another job, or if the job goes on elsewhere.
    """
    folder = held.path
    state = look(folder)
    if state.status != "complete" and since is not None and has_ended(state, since):
        return False
    if state.status == "complete":
        done = read_yaml(folder / OVERRIDES)
        if done != overrides:
            problem = f"{folder}: holds the run of {done}; expected {overrides}. Nothing was done."
            raise RunError(problem)
        return False
    refuse_running(folder)
    held.check_all(PARTS)
    for name in held.names():
        held.remove(name)
    return True


def has_ended(state: State, since: str) -> bool:
    """Tell whether a job has ended, however it did, since a time as `now` returns it."""
    return state.manifest is not None and state.manifest.ended >= since


def refuse_running(job: Path) -> None:
    """Refuse to touch a job that goes on, such as one of Slurm's whose sweep was killed.

    Raises
    ------
    RunError
        If a process holds the lock on the job's log.
    """
    if is_held(job / LOG):
        problem = f"{job}: the job goes on in another process. Wait until it ends, or end it."
        raise RunError(problem)

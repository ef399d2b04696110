"""Remove runs so that no half-removed one looks whole, no other run loses its source, and no
number is given twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from nnpipe.errors import RunError
from nnpipe.runs.address import home, label
from nnpipe.runs.claim import point_latest, version_of
from nnpipe.runs.state import STARTING, State, jobs, look, versions

_GARBAGE = ("failed", "interrupted", "killed")


def removable(folders: Sequence[Path], root: Path) -> list[State]:
    """Return the states of runs that may be removed.

    Raises
    ------
    RunError
        If one is going on, is a job of a sweep, or is the source of a run that stays.
    """
    going = {folder.resolve() for folder in folders}
    for folder in folders:
        if version_of(folder) is None:
            problem = f"{folder}: a job of a sweep, or no numbered run. Remove the whole sweep."
            raise RunError(problem)
        if look(folder).status == "running":
            problem = f"{folder}: the run is going on. Wait for it, or stop it first."
            raise RunError(problem)
        for user in _users(folder, root):
            if not any(user.resolve().is_relative_to(other) for other in going):
                problem = (
                    f"{folder}: {label(user, root)} was made from it, and could not be made again "
                    "without it. Remove that one first."
                )
                raise RunError(problem)
    return [look(folder) for folder in folders]


def garbage(root: Path) -> list[State]:
    """Return the runs that did not complete, and the sweeps of which no job did.

    A sweep with a complete job can be resumed, and stays.
    """
    found = [look(folder) for folder in versions(root)]
    return [
        state
        for state in found
        if state.status in _GARBAGE
        and not any(look(job).status in ("complete", "running") for job in jobs(state.folder))
    ]


def remove(folder: Path) -> None:
    """Remove a version folder and mend `latest`.

    The folder is hidden under another name first, in one step. Of the highest number the hidden
    name stays behind, empty, so that the number is not given again.
    """
    hidden = folder.with_name(f".{folder.name}")
    folder.replace(hidden)
    _mend_latest(folder.parent)
    shutil.rmtree(hidden)
    hidden.mkdir()
    tidy(folder.parent)


def tidy(parent: Path) -> None:
    """Finish what was cut short among the versions of one name: removals, and moves of `latest`."""
    for link in parent.glob(".latest.*.part"):
        # A younger one may be about to be given its name.
        if time.time() - link.lstat().st_mtime > STARTING:
            link.unlink(missing_ok=True)
    entries = list(parent.iterdir())
    numbers = [version_of(entry) or 0 for entry in entries]
    hidden = [entry for entry in entries if entry.name.startswith(".v") and entry.is_dir()]
    highest = max([*numbers, *(version_of(Path(entry.name[1:])) or 0 for entry in hidden)])
    for entry in hidden:
        number = version_of(Path(entry.name[1:]))
        if number is None:
            continue
        if any(entry.iterdir()):
            shutil.rmtree(entry)
            entry.mkdir()
        if number < highest:
            entry.rmdir()


def _mend_latest(parent: Path) -> None:
    link = parent / "latest"
    if link.is_symlink() and not link.exists():
        link.unlink()
        for folder in sorted(parent.iterdir(), key=lambda entry: version_of(entry) or 0):
            state = look(folder) if version_of(folder) else None
            if state is not None and state.kind == "run" and state.status == "complete":
                point_latest(folder)


def _users(folder: Path, root: Path) -> Iterator[Path]:
    """Yield the runs that name a run, or what is in it, as their source or their input."""
    absolute = folder.resolve()
    for version in {*versions(root), *versions(home(folder)[0])}:
        for run in (version, *jobs(version)):
            manifest = look(run).manifest
            if manifest is None or run.resolve().is_relative_to(absolute):
                continue
            for named in (manifest.source_run, manifest.input.get("path")):
                with suppress(OSError, ValueError, TypeError):
                    if named and Path(named).resolve().is_relative_to(absolute):
                        yield run
                        break

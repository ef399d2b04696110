"""Remove runs, never the source of another run, and never reuse their numbers.

A removal that is cut short leaves no run that looks complete.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from nnpipe.errors import RunError
from nnpipe.runs.inspect.address import home, label
from nnpipe.runs.inspect.state import STARTING, State, jobs, look, versions
from nnpipe.runs.store.claim import point_latest, version_of
from nnpipe.runs.store.folder import Folder

_GARBAGE = ("failed", "interrupted", "killed")
_MOVE = re.compile(r"\.latest\..*\.part")


def removable(folders: Sequence[Path], root: Path) -> list[State]:
    """Check that runs may be removed, and return their states.

    Raises
    ------
    RunError
        If one is running, is a job of a sweep, or is the source of a run that stays.
    """
    going = {folder.resolve() for folder in folders}
    for folder in folders:
        if version_of(folder) is None:
            problem = f"{folder}: a job of a sweep, or no numbered run. Remove the whole sweep."
            raise RunError(problem)
        if look(folder).status == "running":
            problem = f"{folder}: the run is still running. Wait for it, or stop it first."
            raise RunError(problem)
        for user in _users(folder, root):
            if not any(user.resolve().is_relative_to(other) for other in going):
                problem = (
                    f"{folder}: {label(user, root)} was made from it, and cannot be reproduced "
                    "without it. Remove that one first."
                )
                raise RunError(problem)
    return [look(folder) for folder in folders]


def garbage(root: Path) -> list[State]:
    """Return the runs that are not complete, and the sweeps without a complete job.

    A sweep with a complete job is kept: it can be resumed.
    """
    found = [look(folder) for folder in versions(root)]
    return [
        state
        for state in found
        if state.status in _GARBAGE
        and not any(look(job).status in ("complete", "running") for job in jobs(state.folder))
    ]


def remove(folder: Path) -> None:
    """Remove a version folder and repair `latest`.

    The folder is first renamed to a hidden name, atomically. For the highest number an empty
    folder with the hidden name remains, so that the number is not used again.

    Raises
    ------
    RunError
        If the name is a link to a folder elsewhere.
    """
    hidden = f".{folder.name}"
    root, name = home(folder)
    with Folder.open(root, follow=True) as names, names.inside(name) as parent:
        parent.inside(folder.name).close()
        parent.rename(folder.name, hidden)
        _mend_latest(folder.parent)
        parent.remove(hidden)
        parent.make(hidden)
        _tidy(parent)


def tidy(root: Path) -> None:
    """Finish interrupted removals, and interrupted moves of `latest`, among all versions."""
    if not root.is_dir():
        return
    with Folder.open(root, follow=True) as names:
        for name in names.names():
            place = root / name
            if place.is_dir() and not place.is_symlink() and not name.startswith("."):
                with names.inside(name) as parent:
                    _tidy(parent)


def _tidy(parent: Folder) -> None:
    names = parent.names()
    for name in names:
        # A younger one may be about to get its final name.
        if _MOVE.fullmatch(name) and time.time() - parent.changed(name) > STARTING:
            parent.remove(name)
    hidden = {name: number for name in names if (number := _hidden(name)) is not None}
    numbers = [version_of(Path(name)) or 0 for name in names]
    highest = max([*numbers, *hidden.values()], default=0)
    for name, number in hidden.items():
        parent.remove(name)
        if number == highest:
            parent.make(name)


def _hidden(name: str) -> int | None:
    """Return the number of a hidden version: one being removed, or the highest one ever."""
    return version_of(Path(name[1:])) if name.startswith(".") else None


def _mend_latest(parent: Path) -> None:
    link = parent / "latest"
    if link.is_symlink() and not link.exists():
        with Folder.open(parent, follow=True) as versions:
            versions.remove("latest")
        for folder in sorted(parent.iterdir(), key=lambda entry: version_of(entry) or 0):
            state = look(folder) if version_of(folder) else None
            if state is not None and state.kind == "run" and state.status == "complete":
                point_latest(folder)


def _users(folder: Path, root: Path) -> Iterator[Path]:
    """Yield the runs whose source or input is this run, or a file in it."""
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

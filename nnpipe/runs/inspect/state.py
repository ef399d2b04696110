"""Tell what has become of a run or a sweep, also where it left no manifest."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nnpipe.errors import RunError
from nnpipe.runs.store.claim import version_of
from nnpipe.runs.store.definition import RUNS, SWEEP
from nnpipe.runs.store.lock import is_held
from nnpipe.runs.store.manifest import FILE, STATUSES, Manifest, read_manifest
from nnpipe.runs.store.open import LOG

STATES = (*STATUSES, "running", "killed", "damaged")
STARTING = 60.0


@dataclass(frozen=True)
class State:
    """A run or a sweep as it is found.

    Attributes
    ----------
    folder : Path
        Where it is.
    kind : str
        run or sweep.
    status : str
        What the manifest says, or without one: `running` while a process holds the lock on
        its log, else `killed`; `damaged` for a manifest that cannot be read.
    manifest : Manifest or None
        If there is one.
    problem : str or None
        Why the manifest cannot be read.
    """

    folder: Path
    kind: str
    status: str
    manifest: Manifest | None = None
    problem: str | None = None

    @property
    def age(self) -> float:
        """Seconds since it ended, or since its folder changed."""
        if self.manifest is not None:
            try:
                return time.time() - datetime.fromisoformat(self.manifest.ended).timestamp()
            except ValueError:
                pass
        return time.time() - self.folder.lstat().st_mtime

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        total = 0
        if self.folder.is_symlink():
            return total
        for folder, _, names in os.walk(self.folder):
            for name in names:
                # A run that goes on has files that come and go.
                with suppress(FileNotFoundError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total


def look(folder: Path) -> State:
    """Return the state of a run's or a sweep's folder."""
    kind = "sweep" if (folder / RUNS).is_dir() or (folder / SWEEP).exists() else "run"
    for place in (folder, folder / RUNS):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            what = "a link" if place.is_symlink() else "no folder"
            problem = f"{place}: it is {what}; expected a folder."
            return State(folder, kind, "damaged", problem=problem)
    # Asked for first: a run that ends in between has a manifest.
    running = _is_running(folder)
    try:
        manifest = read_manifest(folder)
    except RunError as error:
        if running or not (folder / FILE).exists():
            return State(folder, kind, "running" if running else "killed")
        return State(folder, kind, "damaged", problem=str(error))
    return State(folder, manifest.kind, manifest.status, manifest)


def _is_running(folder: Path) -> bool:
    # Between the making of a folder and the lock on its log lies a moment. It is looked for before
    # the lock is, for a run that takes the lock in between must be seen one way or the other.
    starting = _is_starting(folder)
    return is_held(folder / LOG) or is_held(folder / SWEEP) or starting


def _is_starting(folder: Path) -> bool:
    names = {entry.name for entry in folder.iterdir() if not entry.name.endswith(".part")}
    return names <= {LOG, SWEEP} and time.time() - folder.stat().st_mtime < STARTING


def versions(root: Path) -> Iterator[Path]:
    """Yield the version folders under a root, by name and number."""
    names = sorted(entry for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else ()
    for name in names:
        if not name.name.startswith("."):
            found = [entry for entry in name.iterdir() if version_of(entry) and entry.is_dir()]
            yield from sorted(
                (entry for entry in found if not entry.is_symlink()),
                key=lambda entry: version_of(entry) or 0,
            )


def jobs(sweep: Path) -> list[Path]:
    """Return the folders of a sweep's jobs, in the order of their numbers."""
    runs = sweep / RUNS
    if runs.is_symlink():
        return []
    try:
        return [runs / name for name in sorted(filter(is_job, os.listdir(runs)), key=int)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_job(name: str) -> bool:
    """Tell whether a folder's name is that of a sweep's job.

    >>> is_job("007"), is_job("7th")
    (True, False)
    """
    return name.isascii() and name.isdecimal()

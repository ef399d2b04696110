"""Find out the status of a run or a sweep, even without a manifest."""

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
    """The state of a run or a sweep on disk.

    Attributes
    ----------
    folder : Path
        Its folder.
    kind : str
        run or sweep.
    status : str
        The status in the manifest. Without a manifest, `running` while a process holds the lock
        on the log, otherwise `killed`. `damaged` if the manifest cannot be read.
    manifest : Manifest or None
        The manifest, if it can be read.
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
        """Seconds since it ended, or else since its folder changed."""
        if self.manifest is not None:
            try:
                return time.time() - datetime.fromisoformat(self.manifest.ended).timestamp()
            except ValueError:
                pass
        return time.time() - self.folder.lstat().st_mtime

    @property
    def size(self) -> int:
        """Total size of its files, in bytes."""
        total = 0
        if self.folder.is_symlink():
            return total
        for folder, _, names in os.walk(self.folder):
            for name in names:
                # The files of a running run come and go.
                with suppress(FileNotFoundError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total


def look(folder: Path) -> State:
    """Return the state of a run's or a sweep's folder."""
    kind = "sweep" if (folder / RUNS).is_dir() or (folder / SWEEP).exists() else "run"
    for place in (folder, folder / RUNS):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            what = "a link" if place.is_symlink() else "not a folder"
            problem = f"{place}: it is {what}; expected a folder."
            return State(folder, kind, "damaged", problem=problem)
    # Check the lock before the manifest: a run that ends in between has a manifest.
    running = _is_running(folder)
    try:
        manifest = read_manifest(folder)
    except RunError as error:
        if running or not (folder / FILE).exists():
            return State(folder, kind, "running" if running else "killed")
        return State(folder, kind, "damaged", problem=str(error))
    return State(folder, manifest.kind, manifest.status, manifest)


def _is_running(folder: Path) -> bool:
    # A new run makes its folder a moment before it takes the lock. Look for the new folder before
    # the lock, so that a run which takes the lock in between is seen as well.
    starting = _is_starting(folder)
    return is_held(folder / LOG) or is_held(folder / SWEEP) or starting


def _is_starting(folder: Path) -> bool:
    names = {entry.name for entry in folder.iterdir() if not entry.name.endswith(".part")}
    return names <= {LOG, SWEEP} and time.time() - folder.stat().st_mtime < STARTING


def versions(root: Path) -> Iterator[Path]:
    """Yield the version folders under a root, sorted by name and number."""
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
    """Return whether a folder's name is that of a sweep's job.

    >>> is_job("007"), is_job("7th")
    (True, False)
    """
    return name.isascii() and name.isdecimal()

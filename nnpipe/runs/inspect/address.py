"""Find a run by a short name: ``default/3``, ``default/latest``, ``default/2/007``, or a path."""

from __future__ import annotations

import re
from pathlib import Path

from nnpipe.config.registry import did_you_mean
from nnpipe.errors import RunError
from nnpipe.runs.inspect.state import versions
from nnpipe.runs.store.claim import version_of
from nnpipe.runs.store.manifest import FILE
from nnpipe.runs.store.open import CONFIG, LOG

_ADDRESS = re.compile(r"(?P<name>[^/]+)/(?P<version>v?\d+|latest)(?:/(?:runs/)?(?P<job>\d+))?/?")


def find(address: str, root: Path) -> Path:
    """Return the folder of a run or a sweep.

    Parameters
    ----------
    address : str
        ``<name>/<version>``, where the version is a number or `latest`; for a job of a sweep,
        ``<name>/<version>/<job>``; or the path of a folder.
    root : Path
        The folder of all runs.

    Raises
    ------
    RunError
        If there is no such folder; the message names the newest runs.
    """
    match = _ADDRESS.fullmatch(address)
    if match:
        version, job = match["version"], match["job"]
        if version != "latest":
            version = f"v{int(version.lstrip('v')):04d}"
        folder = root / match["name"] / version
        if version == "latest" and folder.is_symlink():
            folder = folder.parent / folder.resolve().name
        if job is not None:
            folder = folder / "runs" / f"{int(job):03d}"
            for place in (folder.parent, folder):
                if place.is_symlink():
                    problem = f"{place}: it is a link; expected a folder of the sweep."
                    raise RunError(problem)
        if folder.is_dir():
            return folder
    path = Path(address)
    if path.is_dir() and (version_of(path.resolve()) or _holds_run(path)):
        return path.resolve() if path.is_symlink() else path
    there = [label(folder, root) for folder in versions(root)]
    shown = ", ".join(there[-5:]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
    holds = f"{root} holds {shown}" if there else f"{root} holds no run"
    problem = (
        f"{address!r} is not a run; {holds}. Name one as <name>/<number>, <name>/latest or by its "
        f"path, or set --root.{did_you_mean(address, there)}"
    )
    raise RunError(problem)


def _holds_run(path: Path) -> bool:
    return any((path / name).exists() for name in (FILE, CONFIG, LOG))


def label(folder: Path, root: Path) -> str:
    """Return the short name of a run's folder, or its path if it is not under the root.

    >>> label(Path("outputs/default/v0002/runs/007"), Path("outputs"))
    'default/v0002/007'
    """
    if not folder.absolute().is_relative_to(root.absolute()):
        return str(folder)
    return str(folder.absolute().relative_to(root.absolute())).replace("/runs/", "/")


def home(folder: Path) -> tuple[Path, str]:
    """Return the root under which a run's folder lies, and the name of its runs.

    >>> home(Path("/data/outputs/default/v0002/runs/007"))
    (PosixPath('/data/outputs'), 'default')
    """
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        if version_of(place) is not None:
            return place.parent.parent, place.parent.name
    return folder.parent, folder.name

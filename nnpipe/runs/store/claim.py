"""Claim the next numbered folder, for one process only; point `latest` at the newest."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from nnpipe.errors import ConfigError, RunError
from nnpipe.runs.store.folder import Folder

VERSION = re.compile(r"v(\d{4,})")


def version_of(folder: Path) -> int | None:
    """Return the number of a version folder, or None for any other name.

    >>> version_of(Path("outputs/default/v0012"))
    12
    """
    match = VERSION.fullmatch(folder.name)
    return int(match[1]) if match else None


def claim(root: Path, name: str) -> Folder:
    """Make and open the next folder ``<root>/<name>/v0001``, ``v0002``, ...

    The number is one more than the highest so far. Making the folder claims it: of several
    processes that call mkdir at the same time only one succeeds. The others try the next number.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """
    parent = root / name
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with Folder.open(parent, follow=True) as versions:
            # A removed run may leave a hidden folder, so that its number is not used again.
            taken = [version_of(Path(entry.removeprefix("."))) or 0 for entry in versions.names()]
            number = max(taken, default=0) + 1
            while True:
                try:
                    versions.make(f"v{number:04d}")
                except FileExistsError:
                    number += 1
                else:
                    versions.sync()
                    return versions.inside(f"v{number:04d}")
    except (OSError, RunError) as error:
        found = error.strerror if isinstance(error, OSError) else error
        problem = (
            f"output.root: {str(parent)!r} cannot hold a run; found {found}; "
            "expected a writable folder. Set output.root to one."
        )
        raise ConfigError([problem]) from error


def point_latest(folder: Path) -> None:
    """Point the symlink `latest` at a version folder, unless it points at a newer one.

    The link is replaced atomically, so a reader finds the old target or the new one.
    """
    # Without the lock, of two runs that end together, the older could read the link before the
    # newer replaces it, and replace it afterwards.
    with Folder.open(folder.parent, follow=True) as versions, versions.hold():
        with suppress(OSError):
            if (version_of((folder.parent / "latest").readlink()) or 0) > (version_of(folder) or 0):
                return
        versions.link("latest", folder.name)

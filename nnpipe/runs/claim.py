"""Claim the next numbered folder, which no two processes ever get; point `latest` at the newest."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from nnpipe.errors import ConfigError
from nnpipe.runs.lock import hold
from nnpipe.runs.publish import sync_folder

VERSION = re.compile(r"v(\d{4,})")


def version_of(folder: Path) -> int | None:
    """Return the number of a version folder, or None for any other name.

    >>> version_of(Path("outputs/default/v0012"))
    12
    """
    match = VERSION.fullmatch(folder.name)
    return int(match[1]) if match else None


def claim(root: Path, name: str) -> Path:
    """Make and return the next folder ``<root>/<name>/v0001``, ``v0002``, ...

    The number is one more than the highest there is. Making the folder is what claims it: mkdir
    either makes it or fails, whoever else tries at the same time, so on failure the next number
    is tried.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """
    parent = root / name
    try:
        parent.mkdir(parents=True, exist_ok=True)
        # A removed run may leave its name behind, hidden: its number is not given again.
        names = [Path(entry.name.removeprefix(".")) for entry in parent.iterdir()]
        numbers = [version_of(name) or 0 for name in names]
        number = max(numbers, default=0) + 1
        while True:
            folder = parent / f"v{number:04d}"
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                sync_folder(parent)
                return folder
    except OSError as error:
        problem = (
            f"output.root: {str(parent)!r} cannot take a run; found {error.strerror}; "
            "expected a folder that can be written. Set output.root to one."
        )
        raise ConfigError([problem]) from error


def point_latest(folder: Path) -> None:
    """Make the symlink `latest` beside a version folder lead to it, unless a newer one has it.

    The link is replaced in one step, so a reader finds the old target or the new.
    """
    link = folder.with_name("latest")
    # Of two runs that end together, the older must not look before the newer puts its link there
    # and put its own there after it.
    with hold(folder.parent):
        with suppress(OSError):
            if (version_of(link.readlink()) or 0) > (version_of(folder) or 0):
                return
        temporary = folder.with_name(f".latest.{os.getpid()}.part")
        with suppress(FileNotFoundError):
            temporary.unlink()
        temporary.symlink_to(folder.name)
        temporary.replace(link)

"""The links of a group, one at a time: where each leads, told without going there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple, cast

import h5py

from nnpipe.errors import DataError, shown
from nnpipe.hdf5.permissions import or_allow

OUTSIDE = "outside_folder"
"""What allows a file to lead to files that are not beside or below it."""

_KINDS = {0: "hard", 1: "soft", 64: "external"}


class Link(NamedTuple):
    """Where a name of a group leads.

    Attributes
    ----------
    kind : str
        hard, soft or external; other for what another program defined.
    path : str
        The target of a soft or an external link, within its file.
    file : str
        The file of an external link, as it is written.
    """

    kind: str
    path: str = ""
    file: str = ""


def link_of(group: Any, name: str) -> Link | None:
    """Return the link that a group has under a name, or None.

    `h5py.Group.get` first makes sure that the target is there, for which it opens the target.
    So the link is asked for at the level below.
    """
    # A damaged or hostile file can hold such names, and HDF5 would take them for paths.
    if not isinstance(group, h5py.Group) or name in ("", ".") or "/" in name:
        return None
    links: Any = cast("Any", group).id.links
    encoded = name.encode("utf-8", "surrogateescape")
    try:
        kind = _KINDS.get(links.get_info(encoded).type, "other")
        if kind == "soft":
            return Link(kind, _text(links.get_val(encoded)))
        if kind == "external":
            file, path = links.get_val(encoded)
            return Link(kind, _text(path), _text(file))
    except (KeyError, OSError, RuntimeError, ValueError):
        return None
    return Link(kind)


def path_beside(file: h5py.File, named: str, what: str, allow: Collection[str]) -> Path:
    """Return the path of a file that another one names, if it may be opened.

    Parameters
    ----------
    file : h5py.File
        The file that names it; a relative path starts in its folder.
    named : str
        The path as it is written there.
    what : str
        What names it, with which messages begin.
    allow : collection of str
        What the config allows.

    Raises
    ------
    DataError
        If it is outside the folder of the file, and that is not allowed.
    """
    folder = Path(file.filename).resolve().parent
    path = (folder / named).resolve()
    if OUTSIDE not in allow and not path.is_relative_to(folder):
        problem = (
            f"{what} leads to {shown(named)}, outside the folder of {Path(file.filename).name}. "
            f"Name that file instead, {or_allow(OUTSIDE, allow, what)}."
        )
        raise DataError(problem)
    return path


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")

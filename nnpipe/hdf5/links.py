"""Read where the links of a group lead, without following them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple, cast

import h5py

from nnpipe.errors import DataError, shown
from nnpipe.hdf5.permissions import or_allow

OUTSIDE = "outside_folder"
"""The permission to lead to files outside of the file's own folder."""

_KINDS = {0: "hard", 1: "soft", 64: "external"}


class Link(NamedTuple):
    """Where a name of a group leads.

    Attributes
    ----------
    kind : str
        hard, soft or external; other for a link type that another program defined.
    path : str
        The target of a soft or external link, within its file.
    file : str
        The file of an external link, as written in the link.
    """

    kind: str
    path: str = ""
    file: str = ""


def link_of(group: Any, name: str) -> Link | None:
    """Return a group's link by name, or None.

    `h5py.Group.get` opens the target of a link to check that it exists. This function reads the
    link through the low-level API instead.
    """
    # A damaged or hostile file can hold such names, and HDF5 would read them as paths.
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
    """Return the path of a file that another file refers to, if it may be opened.

    Parameters
    ----------
    file : h5py.File
        The file with the reference; a relative path starts in its folder.
    named : str
        The path as written there.
    what : str
        What holds the reference; every message begins with it.
    allow : collection of str
        The permissions that the config grants.

    Raises
    ------
    DataError
        If the path is outside the file's folder, and the config does not allow that.
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

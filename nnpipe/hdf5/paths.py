"""Find a dataset in an open file: follow its path, and check each link first."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Any

import h5py

from nnpipe.config.registry import did_you_mean
from nnpipe.errors import DataError, shown
from nnpipe.hdf5.datasets import MAX_CHUNK_BYTES, check_dataset, read_ends
from nnpipe.hdf5.links import link_of, path_beside
from nnpipe.hdf5.listing import contents, list_datasets
from nnpipe.hdf5.opening import open_file
from nnpipe.hdf5.permissions import or_allow
from nnpipe.hdf5.probe import probe
from nnpipe.system.files import reason

MAX_LINKS = 16
"""Most soft and external links on the path to a dataset."""

MAX_SOURCES = 10_000
"""Most source datasets of a virtual dataset."""


def find_dataset(
    file: h5py.File,
    name: str | None,
    key: str,
    ignore: h5py.Dataset | None = None,
    allow: Collection[str] | None = None,
) -> h5py.Dataset:
    """Return a dataset by its path, or the only usable one, after checking that it is safe to read.

    Parameters
    ----------
    file : h5py.File
        A file opened by `open_file`.
    name : str or None
        The dataset's path. None stands for the only dataset of real numbers that has an axis
        and is not a dimension scale.
    key : str
        The config key that names the dataset; every message begins with it.
    ignore : h5py.Dataset, optional
        A dataset to skip when `name` is None: the labels.
    allow : collection of str, optional
        `allow` of an input. None for the results of a run, which may hold hard links only and
        are allowed no exception.

    Raises
    ------
    DataError
        If the dataset is missing, or if `name` is None and there is not exactly one; the message
        lists the datasets of the file. Also if the dataset is not safe to read.
    """
    called = "a dataset" if name is None else shown("/" + "/".join(_parts(name)))
    where = f"{key}: {called} in {Path(file.filename).name}"

    def find() -> Any:
        return follow(file, _only(file, key, ignore) if name is None else name, key, allow)

    def try_out() -> None:
        dataset = find()
        storage = check_dataset(dataset, key, allow, packed=True)
        if storage.layout == "virtual":
            _check_sources(dataset, key, allow)
        elif storage.chunk_bytes <= MAX_CHUNK_BYTES:
            read_ends(dataset)

    probe(try_out, where)
    dataset = find()
    check_dataset(dataset, key, allow, packed=True)
    return dataset


def _check_sources(dataset: Any, key: str, allow: Collection[str] | None) -> None:
    """Check every source of a virtual dataset, found as HDF5 will find it."""
    plist, file = dataset.id.get_create_plist(), dataset.file
    what = f"{key}: {shown(dataset.name)} in {Path(file.filename).name}"
    count = plist.get_virtual_count()
    if count > MAX_SOURCES:
        problem = f"{what} has {count:,} sources; expected {MAX_SOURCES:,} at most."
        raise DataError(problem)
    sources = {(plist.get_virtual_filename(i), plist.get_virtual_dsetname(i)) for i in range(count)}
    for named, path in sorted(sources):
        if "%" in named + path:
            problem = f"{what} names its sources by the pattern {shown(named)}; expected names."
            raise DataError(problem)
        home = file if named == "." else open_file(path_beside(file, named, what, allow or ()), key)
        source = follow(home, path, key, allow)
        if source.is_virtual:
            problem = f"{what} has a virtual source, {shown(path)}; expected stored datasets."
            raise DataError(problem)
        check_dataset(source, key, allow)


def _only(file: h5py.File, key: str, ignore: h5py.Dataset | None) -> str:
    listed = list_datasets(file)
    usable = [one for one in listed if one.usable and file[one.path] != ignore]
    if len(usable) == 1:
        return usable[0].path
    where = Path(file.filename).name
    if not usable:
        problem = f"{key}: {where} holds no dataset of numbers; {contents(listed)}."
    else:
        problem = (
            f"{key}: not set, and {where} has {len(usable)} datasets of numbers; "
            f"{contents(usable)}. Set {key} to one of these."
        )
    raise DataError(problem)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def follow(file: Any, name: str, key: str, allow: Collection[str] | None = None) -> Any:
    """Return the dataset at a path, one link at a time; see `find_dataset`."""
    waiting, taken, links = deque(_parts(name)), list[str](), 0
    home: Any = file
    found: Any = file["/"]
    while waiting:
        part = waiting.popleft()
        link = link_of(found, part)
        what = f"{key}: {name!r} in {Path(home.filename).name}"
        if link is None:
            raise _unknown(file, name, "is not in", key)
        if link.kind == "hard":
            try:
                found = found[part]
            except (KeyError, OSError, RuntimeError, TypeError) as error:
                problem = f"{what} cannot be opened; HDF5 says: {reason(error)}."
                raise DataError(problem) from error
            taken.append(part)
            continue
        links += 1
        if allow is None:
            problem = f"{what} is behind a link of kind {link.kind}; expected hard links only."
            raise DataError(problem)
        if links > MAX_LINKS or link.kind == "other":
            raise _unknown(file, name, "is not in", key)
        if link.kind == "external":
            if "external_link" not in allow:
                problem = (
                    f"{what} leads out of the file, into {shown(link.file)}. "
                    f"Name that file instead, {or_allow('external_link', allow, key)}."
                )
                raise DataError(problem)
            home = open_file(path_beside(home, link.file, what, allow), key)
            taken = []
        elif link.path.startswith("/"):
            taken = []
        waiting.extendleft(reversed([*taken, *_parts(link.path)]))
        taken, found = [], home["/"]
    if not isinstance(found, h5py.Dataset):
        raise _unknown(file, name, "is not a dataset of", key)
    return found


def _unknown(file: h5py.File, name: str, relation: str, key: str) -> DataError:
    listed = list_datasets(file)
    hint = did_you_mean("/" + "/".join(_parts(name)), [one.path for one in listed])
    advice = f" Set {key} to one of these.{hint}" if listed else ""
    where = Path(file.filename).name
    return DataError(f"{key}: {name!r} {relation} {where}; {contents(listed)}.{advice}")

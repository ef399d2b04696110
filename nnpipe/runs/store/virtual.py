"""Read results that may be virtual datasets over the parts of a sharded run.

A virtual dataset is accepted only if it consists entirely of parts that the manifest lists, each a
stored dataset of the same name. HDF5 itself would read the rows of a missing part as the fill
value.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import h5py

from nnpipe.errors import RunError
from nnpipe.hdf5 import check_dataset, dtype_of, find_dataset, is_real, list_datasets
from nnpipe.hdf5.artifact import open_artifact
from nnpipe.hdf5.paths import MAX_SOURCES, follow
from nnpipe.runs.store.manifest import is_part
from nnpipe.runs.store.results import READABLE


def open_results(path: Path, artifacts: Collection[str]) -> h5py.File:
    """Open results.h5 after checking that every virtual dataset in it is complete.

    Parameters
    ----------
    path : Path
        The file, in the run's folder.
    artifacts : collection of str
        The names that the run's manifest lists.

    Raises
    ------
    DataError, RunError
        If the file is not what nnpipe writes, or if a virtual dataset has a source that is not a
        part of the run.
    """
    file = open_artifact(path, "results", READABLE)
    try:
        wanted: dict[str, dict[str, tuple[int, ...]]] = {}
        for path_inside in (one.path for one in list_datasets(file) if one.virtual):
            for part, shape in _check_virtual(file, path_inside, artifacts).items():
                wanted.setdefault(part, {})[path_inside] = shape
        for part, shapes in sorted(wanted.items()):
            _check_part(path.parent, part, shapes)
    except BaseException:
        file.close()
        raise
    return file


def find_result(file: h5py.File, name: str) -> Any:
    """Return a dataset of a file that `open_results` opened."""
    found: Any = follow(file, name, "results")
    return found if found.is_virtual else find_dataset(file, name, "results")


def _check_virtual(file: Any, name: str, artifacts: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Return the shape that each part of a virtual dataset must have, by the part's name.

    Nothing is allocated for the declared rows, and HDF5 opens none of the parts.
    """
    where = f"{file.filename}: {name}"
    dataset, folder = follow(file, name, "results"), Path(file.filename).parent

    def refuse(what: str) -> NoReturn:
        problem = f"{where} {what}"
        raise RunError(problem)

    if not is_real(dtype_of(dataset)):
        refuse("is a virtual dataset that does not hold real numbers.")
    count = int(dataset.id.get_create_plist().get_virtual_count())
    if count > MAX_SOURCES:
        refuse(f"has {count:,} parts; expected {MAX_SOURCES:,} at most.")
    sources: list[Any] = dataset.virtual_sources()
    # Check the sources before the shape: HDF5 opens an unlimited source to find the shape.
    for source in sources:
        named, path = source.file_name, source.dset_name
        if named not in artifacts or not is_part(named) or path.strip("/") != name[1:]:
            refuse(f"has the source {named}:{path}; expected parts that the manifest lists.")
        if not (folder / named).is_file():
            problem = f"{folder / named}: missing; the manifest lists it"
            raise RunError(problem)
        if not (_is_all(source.vspace) or _box(source.vspace)):
            refuse(f"does not map all of {named}.")
    sizes: tuple[int, ...] = dataset.shape or ()
    if not sizes:
        refuse("has no rows.")
    blocks: list[tuple[int, int]] = []
    parts: dict[str, tuple[int, ...]] = {}
    for source in sources:
        first, last = _box(source.vspace) or _whole(sizes)
        held = (last[0] + 1 - first[0], *sizes[1:])
        all_of_it = _is_all(source.src_space) or _box(source.src_space) == _whole(held)
        if source.file_name in parts or (first[1:], last[1:]) != _whole(sizes[1:]) or not all_of_it:
            refuse(f"does not map all of {source.file_name}.")
        parts[source.file_name] = held
        blocks.append((first[0], last[0] + 1))
    covered = 0
    for start, stop in [*sorted(blocks), (sizes[0], sizes[0])]:
        if start > covered:
            refuse(f"has no part for sample {covered}.")
        if start < covered:
            refuse(f"has two parts for sample {start}.")
        covered = stop
    return parts


_Box = tuple[tuple[int, ...], tuple[int, ...]]


def _whole(sizes: tuple[int, ...]) -> _Box:
    return (0,) * len(sizes), tuple(size - 1 for size in sizes)


def _is_all(space: Any) -> bool:
    return bool(space.get_select_type() == cast("Any", h5py).h5s.SEL_ALL)


def _box(space: Any) -> _Box | None:
    """Return the first and the last corner of a space's selection, if it is a box."""
    try:
        first, last = space.get_select_bounds()
        points = math.prod(high - low + 1 for low, high in zip(first, last, strict=True))
        return (first, last) if first and space.get_select_npoints() == points else None
    except (RuntimeError, ValueError):  # an empty or an unlimited selection
        return None


def _check_part(folder: Path, part: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    with open_artifact(folder / part, "results", READABLE, inside=folder) as opened:
        for name, shape in shapes.items():
            dataset = follow(opened, name, f"results: {part}")
            check_dataset(dataset, "results", packed=True)
            if dataset.shape != shape:
                problem = f"{folder / part}: {name} has the shape {dataset.shape}; expected {shape}"
                raise RunError(problem)

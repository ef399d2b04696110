"""Read results that may be views: virtual datasets over the parts of a sharded run.

Of all virtual datasets these alone are admitted: made wholly of parts that the manifest lists,
each a plain dataset of the same name. HDF5 itself would read rows whose part it does not find as
if they held the fill value.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nnpipe.errors import RunError
from nnpipe.hdf5 import check_dataset, find_dataset, list_datasets
from nnpipe.hdf5.artifact import open_artifact
from nnpipe.hdf5.paths import follow
from nnpipe.runs.manifest import is_part
from nnpipe.runs.results import FORMAT


def open_results(path: Path, artifacts: Collection[str]) -> h5py.File:
    """Open results.h5, once every view in it is found to be whole.

    Parameters
    ----------
    path : Path
        In the run's folder.
    artifacts : collection of str
        The names that the run's manifest lists.

    Raises
    ------
    DataError, RunError
        If the file is not what nnpipe writes, or if a view is not made of the run's parts.
    """
    file = open_artifact(path, "results", FORMAT)
    try:
        views = [one.path for one in list_datasets(file) if one.virtual]
        for view in views:
            _check_view(file, view, artifacts)
        parts = {part for view in views for part in _sources(file[view])}
        for part in sorted(parts):
            with open_artifact(path.parent / part, "results", FORMAT) as opened:
                for view in views:
                    check_dataset(follow(opened, view, f"results: {part}"), "results")
    except BaseException:
        file.close()
        raise
    return file


def find_result(file: h5py.File, name: str) -> Any:
    """Return a dataset of a file that `open_results` opened."""
    found: Any = follow(file, name, "results")
    return found if found.is_virtual else find_dataset(file, name, "results")


def _sources(dataset: Any) -> set[str]:
    return {source.file_name for source in dataset.virtual_sources()}


def _check_view(file: Any, view: str, artifacts: Collection[str]) -> None:
    where = f"{file.filename}: {view}"
    dataset, folder = file[view], Path(file.filename).parent
    # Before its shape: HDF5 may open the sources to find that out.
    for source in dataset.virtual_sources():
        named = source.file_name
        if named not in artifacts or not is_part(named) or source.dset_name.strip("/") != view[1:]:
            problem = (
                f"{where} is made of {named}:{source.dset_name}; "
                "expected parts that the manifest lists."
            )
            raise RunError(problem)
        if not (folder / named).is_file():
            problem = f"{folder / named}: missing; the manifest lists it"
            raise RunError(problem)
    there = np.zeros(dataset.shape[0], bool)
    for source in dataset.virtual_sources():
        first, last = source.vspace.get_select_bounds()
        there[first[0] : last[0] + 1] = True
    if not there.all():
        problem = f"{where} has no part for sample {int(np.argmin(there))}."
        raise RunError(problem)

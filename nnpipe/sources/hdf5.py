"""Samples from an HDF5 dataset, read in slices."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.errors import DataError, shown
from nnpipe.hdf5 import dtype_of, find_dataset, open_file, storage_of
from nnpipe.hdf5.datasets import FLETCHER32, SHUFFLE
from nnpipe.hdf5.permissions import PERMISSIONS
from nnpipe.sources.array import PACKED, ArraySource
from nnpipe.sources.chunks import Chunks
from nnpipe.sources.contiguous import ContiguousReader
from nnpipe.sources.options import FileOptions
from nnpipe.system.files import fingerprint, reason, stat_file, stored_bytes


class Hdf5Array:
    """A stored array in a dataset of an open file."""

    def __init__(self, dataset: h5py.Dataset, key: str, status: os.stat_result) -> None:
        self.key = key
        self.shape: tuple[int, ...] | None = dataset.shape
        self.dtype = dtype_of(dataset)
        self._dataset: Any = dataset
        self._file: Any = dataset.file
        # A link that the config allows may lead to another file.
        elsewhere = os.stat(self._file.filename)
        held = stored_bytes(self._file.id.get_vfd_handle())
        packed = not {SHUFFLE, FLETCHER32}.issuperset(storage_of(dataset).filters)
        # The numbers of a virtual dataset are in other files, which the config allows.
        self.held = sys.maxsize if dataset.is_virtual else held * (PACKED if packed else 1)
        self._status = status if os.path.samestat(status, elsewhere) else elsewhere

    @property
    def name(self) -> str:
        """The dataset's path and the file's name."""
        return f"{shown(self._dataset.name)} in {Path(self._file.filename).name}"

    def block(self, axis: int) -> int:
        """Return the chunks' length along an axis; 1 for a dataset without chunks."""
        return self._dataset.chunks[axis] if self._dataset.chunks else 1

    def read(self, axis: int, rows: slice) -> NDArray[Any]:
        """Return the rows along one axis, and everything along the other axes."""
        with self._refusing(rows):
            return self._dataset[(slice(None),) * axis + (rows,)]

    def fetch(self, axis: int, rows: slice) -> Callable[[], NDArray[Any]]:
        """Read the stored rows, and return a function that decodes them; see `Fetching.fetch`."""
        if rows.stop == rows.start:
            return lambda: self.read(axis, rows)
        with self._refusing(rows):
            if self._contiguous is not None and axis == 0:
                part = self._contiguous.read(rows)
                return lambda: part
            if self._chunks is not None:
                decode = self._chunks.fetch(axis, rows)

                def decoded() -> NDArray[Any]:
                    with self._refusing(rows):
                        return decode()

                return decoded
        part = self.read(axis, rows)
        return lambda: part

    @contextmanager
    def _refusing(self, rows: slice) -> Generator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            problem = (
                f"{self.key}: rows {rows.start} to {rows.stop - 1} of {self.name} "
                f"cannot be read; HDF5 says: {reason(error)}."
            )
            raise DataError(problem) from error

    @cached_property
    def _chunks(self) -> Chunks | None:
        return Chunks(self._dataset) if Chunks.can_read(self._dataset) else None

    @cached_property
    def _contiguous(self) -> ContiguousReader | None:
        return ContiguousReader(self._dataset) if ContiguousReader.can_read(self._dataset) else None

    def fingerprint(self) -> dict[str, Any]:
        """Return the file's fingerprint, and the dataset's path, shape and dtype."""
        return {
            "kind": "hdf5",
            **fingerprint(self._file.filename, self._status),
            "dataset": self._dataset.name,
            "shape": list(self.shape or ()),
            "dtype": str(np.dtype(self.dtype)),
        }

    def close(self) -> None:
        """Close the file."""
        if self.__dict__.get("_contiguous") is not None:
            self.__dict__.pop("_contiguous").close()
        self._file.close()


@dataclass(frozen=True)
class Hdf5Options(FileOptions):
    """The options of hdf5."""

    dataset: str | None = option(None, "dataset of the samples; null: the only usable one")
    sample_axis: int = option(0, "axis of the samples; -1 for files from Julia, MATLAB and Fortran")
    labels: str | None = option(None, "dataset of class numbers in the same file")
    targets: str | None = option(
        None, "dataset of the wanted outputs: real numbers, or ones and zeros"
    )
    allow: list[str] = option([], "unusual HDF5 features to accept", among=PERMISSIONS)


def open_hdf5(options: Hdf5Options, seed: int, key: str) -> ArraySource:
    """Open the dataset that a config names, or the only usable one in the file.

    Raises
    ------
    DataError
        If the file, the dataset, the labels or the rows cannot be used.
    """
    status, allow = stat_file(options.path, f"{key}.path"), options.allow
    file = open_file(options.path, f"{key}.path")

    def find(option: str, name: str | None, ignore: Any = None) -> Any:
        return find_dataset(file, name, f"{key}.{option}", ignore, allow)

    try:
        labels = targets = None
        if options.labels is not None:
            labels = find("labels", options.labels)
        if options.targets is not None:
            targets = find("targets", options.targets)
        arrays = {"dataset": find("dataset", options.dataset, labels)}
        arrays |= {"labels": labels, "targets": targets}
        stored = {
            option: None if found is None else Hdf5Array(found, f"{key}.{option}", status)
            for option, found in arrays.items()
        }
        data = cast("Hdf5Array", stored["dataset"])
        how = options.sample_axis, options.rows, stored["targets"]
        return ArraySource(data, stored["labels"], *how)
    except BaseException:
        file.close()
        raise


hdf5 = Kind(Hdf5Options, lambda options: partial(open_hdf5, options))

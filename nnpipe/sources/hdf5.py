"""Samples from an HDF5 dataset, read slice by slice."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nnpipe.config.schema import Hdf5Input
from nnpipe.errors import DataError, shown
from nnpipe.hdf5 import dtype_of, find_dataset, open_file, storage_of
from nnpipe.hdf5.datasets import FLETCHER32, SHUFFLE
from nnpipe.sources.array import PACKED, ArraySource
from nnpipe.sources.base import SourceKind
from nnpipe.sources.chunks import Chunks
from nnpipe.sources.contiguous import ContiguousReader
from nnpipe.system.files import fingerprint, reason, stat_file, stored_bytes


class Hdf5Array:
    """A dataset of an open file, as a stored array."""

    def __init__(self, dataset: h5py.Dataset, key: str, status: os.stat_result) -> None:
        self.key = key
        self.shape: tuple[int, ...] | None = dataset.shape
        self.dtype = dtype_of(dataset)
        self._dataset: Any = dataset
        self._file: Any = dataset.file
        # A link that the config allows may have led to another file.
        elsewhere = os.stat(self._file.filename)
        held = stored_bytes(self._file.id.get_vfd_handle())
        packed = not {SHUFFLE, FLETCHER32}.issuperset(storage_of(dataset).filters)
        # The numbers of a virtual dataset are elsewhere, in as many files as the config allows.
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
        """Return the rows along an axis and everything along the others."""
        with self._answers(rows):
            return self._dataset[(slice(None),) * axis + (rows,)]

    def fetch(self, axis: int, rows: slice) -> Callable[[], NDArray[Any]]:
        """Read the rows as they are stored, and return what decodes them; see `Fetching.fetch`."""
        if rows.stop == rows.start:
            return lambda: self.read(axis, rows)
        with self._answers(rows):
            if self._contiguous is not None and axis == 0:
                part = self._contiguous.read(rows)
                return lambda: part
            if self._chunks is not None:
                decode = self._chunks.fetch(axis, rows)

                def decoded() -> NDArray[Any]:
                    with self._answers(rows):
                        return decode()

                return decoded
        part = self.read(axis, rows)
        return lambda: part

    @contextmanager
    def _answers(self, rows: slice) -> Generator[None]:
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


def open_hdf5(config: Hdf5Input, seed: int) -> ArraySource:
    """Open the dataset that a config names, or the only one that a file holds.

    Raises
    ------
    DataError
        If the file, the dataset, the labels or the rows cannot be used.
    """
    status, allow = stat_file(config.path, "input.path"), config.allow
    file = open_file(config.path, "input.path")
    try:
        found = labels = None
        if config.labels is not None:
            found = find_dataset(file, config.labels, "input.labels", allow=allow)
            labels = Hdf5Array(found, "input.labels", status)
        targets = None
        if config.targets is not None:
            wanted = find_dataset(file, config.targets, "input.targets", allow=allow)
            targets = Hdf5Array(wanted, "input.targets", status)
        dataset = find_dataset(file, config.dataset, "input.dataset", found, allow)
        data = Hdf5Array(dataset, "input.dataset", status)
        return ArraySource(data, labels, config.sample_axis, config.rows, targets)
    except BaseException:
        file.close()
        raise


HDF5 = SourceKind(Hdf5Input, open_hdf5)

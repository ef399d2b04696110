"""results.h5: the results of a run, in a file that HDF5 viewers, xarray and h5py understand.

The datasets are at the root, with dimension scales, so that xarray names their dimensions. Groups
under ``/entry`` hard-link to them, with the attributes that NeXus viewers need to plot them.

References
----------
HDF5 Dimension Scale Specification; NeXus manual, class NXdata.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnpipe.runs.store.axes import add_scale, attach, describe, mark_plot, mark_root
from nnpipe.runs.store.folder import Folder
from nnpipe.system.hdf5_writer import new_hdf5

FORMAT = "nnpipe results"
FORMAT_VERSION = 1
READABLE = {FORMAT: (FORMAT_VERSION,)}
_CHUNK_BYTES = 1 << 20

# Most batches that wait to be written while others are computed.
_WAITING = 2
_DESCRIPTIONS = {
    "outputs": "What the last layer makes of each sample",
    "activations": "What a layer makes of each sample, after its activation",
    "predictions": "The class of each sample, from 0: the neuron with the greatest output",
    "confusion_matrix": "How many samples of each label were given each class",
}


class ResultsWriter:
    """Writes results.h5; a context manager that publishes the file at the end.

    Parameters
    ----------
    folder : Folder
        The folder of the run, or of the parts of its results.
    name : str
        The final name; the file has a temporary name until it is complete.
    rows : (samples,) int64
        Each sample's row number in the input: the coordinate of the dimension `sample`.
    parts : mapping of str to range, optional
        The files that hold the samples, by name relative to this file's folder. Datasets with the
        dimension `sample` are then virtual datasets over these parts.
    compression : str, optional
        ``gzip``, or None, for datasets with the dimension `sample`.

    Attributes
    ----------
    sampled : list of str
        The datasets with one row for each sample.
    """

    def __init__(
        self,
        folder: Folder,
        name: str,
        rows: NDArray[np.int64] | range,
        parts: Mapping[str, range] | None = None,
        compression: str | None = None,
    ) -> None:
        self.folder = folder
        self._name = name
        self._rows = rows
        self._parts = parts
        self._compression = compression
        self.sampled: list[str] = []
        self._ending = self._closed = False
        self._publication = ExitStack()
        # An interrupt while the pool starts its thread makes it start another: the order of
        # opening and closing must not depend on there being one.
        self._lock = Lock()
        # HDF5 runs in this thread only, and the caller continues: see nnpipe.system.interrupts.
        self._thread = ThreadPoolExecutor(1, "nnpipe-results")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> ResultsWriter:
        try:
            self._thread.submit(self._open).result()
        except BaseException as error:  # after an interrupt, the thread still opens the file
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._thread:
            try:
                if error is None:
                    self._settle(0)
            except BaseException as late:
                self._thread.submit(self._close, type(late), late, late.__traceback__).result()
                raise
            self._thread.submit(self._close, kind, error, traceback).result()

    def _open(self) -> None:
        self._file: Any
        with self._lock:
            if self._closed:
                return
            new = self._publication.enter_context(self.folder.publish(self._name))
            self._file, self._check = self._publication.enter_context(new_hdf5(new))
            self._file.attrs["format"] = FORMAT
            self._file.attrs["format_version"] = FORMAT_VERSION
            self._entry = mark_root(self._file, "entry")

    def _close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
            self._publication.__exit__(kind, error, traceback)

    def create(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, dims: tuple[str, ...], title: str
    ) -> None:
        """Announce a dataset; see `Sink.create`."""
        done = self._thread.submit(self._create, name, shape, np.dtype(dtype), dims, title)
        try:
            done.result()
        except KeyboardInterrupt:
            # Writing the coordinates of many samples takes long: stop it.
            self._ending = True
            raise

    def write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Queue rows of an announced dataset for writing; see `Sink.write`."""
        self._settle(_WAITING)
        self._waiting.append(self._thread.submit(self._write, name, start, rows))

    def _settle(self, waiting: int) -> None:
        """Wait until at most `waiting` writes are queued; raise the error of a finished one."""
        while len(self._waiting) > waiting:
            self._waiting.popleft().result()

    def _create(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        dims: tuple[str, ...],
        title: str,
    ) -> None:
        if self._parts is not None and dims[0] == "sample":
            dataset = self._virtual(name, shape, dtype)
        else:
            width = int(np.prod(shape[1:])) * dtype.itemsize
            chunk = (min(shape[0], max(1, _CHUNK_BYTES // max(width, 1))), *shape[1:])
            compression = self._compression if dims[0] == "sample" else None
            dataset = self._file.create_dataset(
                name,
                shape,
                dtype,
                chunks=chunk,
                compression=compression,
                shuffle=compression is not None,
                fletcher32=True,
            )
        describe(dataset, title, _DESCRIPTIONS.get(name.partition("/")[0], title))
        attach(
            dataset, [self._scale(dataset.parent, d, n) for d, n in zip(dims, shape, strict=True)]
        )
        if dims[0] == "sample":
            self.sampled.append(name)
        self._plot(name, dataset, dims)

    def _write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        self._file[name][start : start + len(rows)] = rows
        self._check()

    def _go_on(self) -> None:
        """Raise the first write error, or InterruptedError after an interrupt."""
        self._check()
        if self._ending:
            raise InterruptedError

    def _virtual(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """Make a virtual dataset over the parts; rows of a lost part read as NaN or -1."""
        layout: Any = h5py.VirtualLayout(shape, dtype)
        layout.dcpl.set_obj_track_times(False)  # equal content gives equal bytes
        for part, rows in (self._parts or {}).items():
            held = (len(rows), *shape[1:])
            layout[rows.start : rows.stop] = h5py.VirtualSource(part, name, held, dtype)
        lost = np.nan if np.dtype(dtype).kind == "f" else -1
        return self._file.create_virtual_dataset(name, layout, fillvalue=lost)

    def _scale(self, group: Any, dim: str, size: int) -> Any:
        # As in netCDF, a dimension belongs to the group of its dataset, except `sample`, which
        # all datasets share.
        if dim == "sample":
            title, description = "Sample", "The row of the input, from 0"
            if self._parts is not None and dim not in self._file:
                scale = self._virtual(dim, (size,), np.int64)
                describe(scale, title, description)
                scale.make_scale(dim)
            return add_scale(self._file, dim, self._rows, title, description, self._go_on)
        title = dim.replace("_", " ").capitalize()
        return add_scale(group, dim, np.arange(size), title, f"{title}, from 0")

    def _plot(self, name: str, dataset: Any, dims: tuple[str, ...]) -> None:
        group = self._entry.create_group(name.replace("/", "_"))
        signal = name.rsplit("/", 1)[-1]
        group[signal] = dataset
        for axis, dim in enumerate(dims):
            group[dim] = dataset.dims[axis][0]
        mark_plot(group, signal, dims)
        if "default" not in self._entry.attrs:
            self._entry.attrs["default"] = name.replace("/", "_")

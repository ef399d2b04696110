"""Check that a dataset is safe to read: real numbers, stored in this file, in chunks that fit."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

import h5py
import numpy as np

from nnpipe.errors import DataError, shown
from nnpipe.hdf5.permissions import or_allow

MAX_CHUNK_BYTES = 64 << 20
"""Largest chunk in bytes, unless the config allows larger ones."""

MAX_RATIO = 1100
"""Most bytes that one stored byte may expand to; gzip reaches 1032."""

FREE_BYTES = 64 << 20
"""Bytes that a dataset may declare without storing any."""

GZIP, SHUFFLE, FLETCHER32, LZF = 1, 2, 3, 32000
BUILT_IN = {GZIP: "gzip", SHUFFLE: "shuffle", FLETCHER32: "fletcher32", LZF: "lzf"}
"""The filters that are read without permission. None of them is a plugin."""

_LAYOUTS = ("compact", "contiguous", "chunked", "virtual")


class Storage(NamedTuple):
    """How a dataset is stored.

    Attributes
    ----------
    layout : str
        compact, contiguous, chunked or virtual.
    external : int
        The number of other files that hold its numbers.
    chunks : tuple of int or None
        A chunk's shape.
    chunk_bytes : int
        A chunk's size before compression; 0 without chunks.
    filters : tuple of int
        The filters of a chunk, in the order of writing.
    exact : bool
        Whether the stored type has the same bit layout as NumPy's dtype.
    """

    layout: str
    external: int
    chunks: tuple[int, ...] | None
    chunk_bytes: int
    filters: tuple[int, ...]
    exact: bool

    @property
    def plain(self) -> bool:
        """Whether raw chunks can be decoded without HDF5: gzip, shuffle and fletcher32."""
        return (
            self.chunks is not None
            and self.exact
            and {GZIP, SHUFFLE, FLETCHER32}.issuperset(self.filters)
            and len(set(self.filters)) == len(self.filters)
            and self.chunk_bytes <= MAX_CHUNK_BYTES
        )


def storage_of(dataset: Any) -> Storage:
    """Return how a dataset is stored, without opening a file or reading data."""
    low: Any = dataset.id
    plist: Any = low.get_create_plist()
    layout, stored = _LAYOUTS[int(plist.get_layout())], low.get_type()
    chunks = tuple(plist.get_chunk()) if layout == "chunked" else None
    dtype, h5t = dtype_of(dataset), cast("Any", h5py).h5t
    return Storage(
        layout=layout,
        external=int(plist.get_external_count()),
        chunks=chunks,
        chunk_bytes=math.prod(chunks) * stored.get_size() if chunks else 0,
        filters=tuple(plist.get_filter(i)[0] for i in range(plist.get_nfilters())),
        exact=dtype is not None and stored.equal(h5t.py_create(dtype)),
    )


def check_dataset(
    dataset: Any, key: str, allow: Collection[str] | None = None, *, packed: bool = False
) -> Storage:
    """Check that a dataset is safe to read, and return how it is stored.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset of an open file.
    key : str
        The config key that names it; every message begins with it.
    allow : collection of str, optional
        `allow` of an input. None for an artifact of a run, which is allowed no exception.
    packed : bool
        Whether an artifact may be compressed by gzip, as the results of a run may.

    Raises
    ------
    DataError
        If the dataset holds anything but real numbers, stores them in another file or behind a
        filter plugin, or declares larger chunks or more data than it may.
    """
    name = f"{shown(dataset.name)} in {Path(dataset.file.filename).name}"
    storage = storage_of(dataset)

    def refuse(what: str, advice: str, allowed_by: str = "") -> None:
        if allow is not None and allowed_by:
            if allowed_by in allow:
                return
            advice = f"{advice}, {or_allow(allowed_by, allow, key)}"
        problem = f"{key}: {name} {what}. {advice}."
        raise DataError(problem)

    if storage.layout == "virtual":
        refuse("is virtual: its numbers are in other datasets", "Name one of them", "virtual")
    if storage.external:
        refuse("stores its numbers in other files", "Copy it into one file with h5repack")
    _check_type(dataset, key, name)
    # Parameters are never compressed, so that a file cannot declare more than it stores.
    ours = (GZIP, SHUFFLE, FLETCHER32) if packed else (SHUFFLE, FLETCHER32)
    known = {n: BUILT_IN[n] for n in (BUILT_IN if allow is not None else ours)}
    for number, count in Counter(storage.filters).items():
        filter_name = BUILT_IN.get(number, f"filter {number}")
        if number not in known:
            what = f"uses {filter_name}; expected {', '.join(known.values())} or no filter"
            refuse(what, "Repack it with h5repack", "filter_plugin")
            _register_plugins()
        if count > 1:
            what = f"uses {filter_name} {count} times; expected once"
            refuse(what, "Repack it with h5repack")
    if storage.chunk_bytes > MAX_CHUNK_BYTES:
        size = f"{storage.chunk_bytes / 2**20:,.0f} MiB"
        what = f"has chunks of {size}; expected at most {MAX_CHUNK_BYTES >> 20} MiB"
        refuse(what, "Repack it with smaller chunks", "large_chunk")
    if storage.layout != "virtual" and dataset.shape is not None:
        _check_sizes(dataset, storage, key, name, allow, refuse)
    return storage


def _check_sizes(
    dataset: Any,
    storage: Storage,
    key: str,
    name: str,
    allow: Collection[str] | None,
    refuse: Callable[[str, str], None],
) -> None:
    """Refuse a dataset that declares more than it stores, or has a damaged chunk."""
    low: Any = dataset.id
    declared = math.prod(dataset.shape) * low.get_type().get_size()
    stored, there = int(low.get_storage_size()), int(dataset.file.id.get_filesize())
    if stored > there:
        what = f"claims {stored:,} bytes of a file of {there:,}"
        refuse(what, "Copy the file again")
    if declared > max(FREE_BYTES, stored * MAX_RATIO):
        what = f"declares {declared:,} bytes {dataset.shape}; found {stored:,} bytes stored"
        refuse(what, "Write the whole dataset")
    if storage.layout != "chunked" and 0 < stored < declared:
        what = f"is cut short; found {stored:,} bytes stored; expected {declared:,}"
        refuse(what, "Copy the file again")
    if storage.chunks and {SHUFFLE, FLETCHER32}.issuperset(storage.filters):
        _check_chunks(dataset, storage, key, name)
    # nnpipe inflates the chunks of a plain, fully allocated input itself, within bounds. HDF5
    # inflates all others without any bound.
    allocated = low.get_space_status() == cast("Any", h5py).h5d.SPACE_STATUS_ALLOCATED
    bounded = allow is not None and storage.plain and allocated
    if GZIP in storage.filters and not bounded:
        _check_inflation(dataset, storage, key, name)


def _register_plugins() -> None:
    """Import the package that provides more filters; the config has allowed it."""
    with suppress(ImportError):
        import_module("hdf5plugin")


def _check_type(dataset: Any, key: str, name: str) -> None:
    dtype = dtype_of(dataset)
    if not is_real(dtype):
        problem = f"{key}: {name} is {describe(dtype)}; expected real numbers."
        raise DataError(problem)


def _check_chunks(dataset: Any, storage: Storage, key: str, name: str) -> None:
    """Refuse an uncompressed chunk of the wrong size, which HDF5 would accept silently."""
    low: Any = dataset.id
    expected = storage.chunk_bytes + 4 * (FLETCHER32 in storage.filters)

    def differs(chunk: Any) -> Any:
        skipped = chunk.filter_mask != 0
        return None if chunk.size == expected and not skipped else chunk

    wrong = low.chunk_iter(differs)
    if wrong is not None:
        problem = (
            f"{key}: {name} has a damaged chunk at {tuple(wrong.chunk_offset)}; "
            f"found {wrong.size:,} bytes; expected {expected:,}. Copy the file again."
        )
        raise DataError(problem)


def _check_inflation(dataset: Any, storage: Storage, key: str, name: str) -> None:
    """Inflate every gzip chunk, and refuse one that is larger than its declared size."""
    low, corners = dataset.id, list[tuple[int, ...]]()

    def note(chunk: Any) -> None:
        corners.append(tuple(chunk.chunk_offset))

    low.chunk_iter(note)
    skips = 1 << storage.filters.index(GZIP)
    for corner in corners:
        mask, stored = low.read_direct_chunk(corner)
        if mask & skips:
            continue
        inflating = zlib.decompressobj()
        try:
            inflating.decompress(stored, storage.chunk_bytes + 4)
            complete = inflating.eof
        except zlib.error:
            complete = False
        if not complete:
            problem = (
                f"{key}: {name} has a damaged chunk at {corner}; it does not inflate to the "
                f"{storage.chunk_bytes:,} bytes of a chunk. Copy the file again."
            )
            raise DataError(problem)


def read_ends(dataset: Any) -> None:
    """Read one number from the first chunk and one from the last, as a trial."""
    shape: Any = dataset.shape
    if shape and 0 not in shape:
        _ = dataset[(0,) * len(shape)], dataset[tuple(n - 1 for n in shape)]


def is_real(dtype: np.dtype[Any] | None) -> bool:
    """Return whether a dtype holds real numbers of at most 8 bytes, or booleans.

    >>> is_real(np.dtype(">f4")), is_real(np.dtype("c8"))
    (True, False)
    """
    if dtype is None or h5py.check_enum_dtype(dtype) is not None:
        return False
    return dtype.kind in "biuf" and dtype.itemsize <= 8


def describe(dtype: np.dtype[Any] | None) -> str:
    """Return a dtype's name for messages.

    >>> describe(np.dtype(">f4")), describe(h5py.string_dtype()), describe(np.dtype("S3"))
    ('float32', 'text', 'text')
    """
    if dtype is None:
        return "of an unknown type"
    if dtype.kind == "U" or h5py.check_string_dtype(dtype) is not None:
        return "text"
    if h5py.check_enum_dtype(dtype) is not None:
        return "enumeration"
    if dtype.kind == "V":
        return "compound" if dtype.names else "opaque"
    return "object" if dtype.kind == "O" else dtype.name


def dtype_of(dataset: Any) -> np.dtype[Any] | None:
    """Return a dataset's dtype, or None if NumPy has no equivalent."""
    try:
        return cast("np.dtype[Any]", dataset.dtype)
    except (TypeError, ValueError, RuntimeError):
        return None

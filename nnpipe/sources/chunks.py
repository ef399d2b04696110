"""Read the raw chunks of an HDF5 dataset, and decode them outside of HDF5's lock.

HDF5 decodes only one chunk at a time, for all threads together. It also returns raw chunks, which
zlib can decode in many threads.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from itertools import product
from threading import Lock
from types import ModuleType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

# The low-level interface of h5py has no types.
LOW: Any = h5py

_LARGEST = 64 << 20
_LARGE = 8 << 20
_HELD = 128 << 20
_ONE_AT_A_TIME = Lock()
_DEFLATE: int = LOW.h5z.FILTER_DEFLATE
_SHUFFLE: int = LOW.h5z.FILTER_SHUFFLE
_KNOWN: tuple[list[int], ...] = ([], [_DEFLATE], [_SHUFFLE, _DEFLATE])


def stored_as_is(dataset: Any) -> bool:
    """Return whether the file stores the bytes of NumPy's dtype."""
    dtype: Any = dataset.dtype
    return dtype.kind in "iuf" and bool(dataset.id.get_type() == LOW.h5t.py_create(dtype))


class Chunks:
    """A reader of a chunked dataset that is plain, gzip, or shuffled and gzip.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset for which `can_read` is true.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._shape: tuple[int, ...] = dataset.shape
        self._chunks: tuple[int, ...] = dataset.chunks
        self._shuffled = len(_filters(dataset)) == 2
        self._bytes = math.prod(dataset.chunks) * dataset.dtype.itemsize
        # The chunks at the end of the latest range, in which the next range begins.
        self._open: dict[tuple[int, ...], _Chunk] = {}

    @staticmethod
    def can_read(dataset: Any) -> bool:
        """Return whether this class can read the dataset, and all its chunks are stored."""
        complete: int = LOW.h5d.SPACE_STATUS_ALLOCATED
        return bool(
            dataset.chunks is not None
            and stored_as_is(dataset)
            and _filters(dataset) in _KNOWN
            and dataset.id.get_space_status() == complete
            and math.prod(dataset.chunks) * dataset.dtype.itemsize <= _LARGEST
        )

    def fetch(self, axis: int, rows: slice) -> Callable[[], NDArray[Any]]:
        """Read the chunks that contain the rows, and return a function that decodes them.

        Only one thread may fetch at a time. Any thread may call the returned function.
        """
        found: dict[tuple[int, ...], _Chunk] = {}
        for corner in self._corners(axis, rows):
            found[corner] = self._open.get(corner) or self._read(corner)
        # If a range of rows is in many large chunks, they take too much memory when decoded.
        keep = len(found) * self._bytes <= _HELD
        self._open = {
            corner: chunk
            for corner, chunk in found.items()
            if keep and corner[axis] + self._chunks[axis] > rows.stop
        }
        return lambda: self._join(axis, rows, found, keep)

    def _corners(self, axis: int, rows: slice) -> Iterator[tuple[int, ...]]:
        spans = [range(0, n, step) for n, step in zip(self._shape, self._chunks, strict=True)]
        step = self._chunks[axis]
        spans[axis] = range(rows.start - rows.start % step, rows.stop, step)
        return product(*spans)

    def _read(self, corner: tuple[int, ...]) -> _Chunk:
        mask, stored = self._dataset.id.read_direct_chunk(corner)
        filters = _filters(self._dataset)
        applied = {code for bit, code in enumerate(filters) if not mask >> bit & 1}
        return _Chunk(
            stored,
            self._chunks,
            self._dataset.dtype,
            _DEFLATE in applied,
            _SHUFFLE in applied,
        )

    def _join(
        self, axis: int, rows: slice, found: dict[tuple[int, ...], _Chunk], keep: bool
    ) -> NDArray[Any]:
        shape = list(self._shape)
        shape[axis] = rows.stop - rows.start
        whole = np.empty(shape, self._dataset.dtype)
        for corner, chunk in found.items():
            into: list[slice] = []
            out_of: list[slice] = []
            for i, (low, size) in enumerate(zip(corner, self._chunks, strict=True)):
                first, last = (rows.start, rows.stop) if i == axis else (0, self._shape[i])
                begin, end = max(low, first), min(low + size, last)
                into.append(slice(begin - first, end - first))
                out_of.append(slice(begin - low, end - low))
            with _turn(self._bytes):
                whole[tuple(into)] = chunk.decode(keep)[tuple(out_of)]
        return whole[(slice(None),) * axis + (slice(None, None, rows.step),)]


class _Chunk:
    """A chunk that the first thread to need it decodes, once."""

    def __init__(
        self,
        stored: bytes,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        deflated: bool,
        shuffled: bool,
    ) -> None:
        self._stored: bytes | None = stored
        self._shape, self._dtype = shape, dtype
        self._deflated, self._shuffled = deflated, shuffled
        self._lock = Lock()
        self._decoded: NDArray[Any] | None = None

    def decode(self, keep: bool) -> NDArray[Any]:
        with self._lock:
            if self._decoded is not None:
                return self._decoded
            assert self._stored is not None
            decoded = self._decode(self._stored)
            if keep:
                self._decoded, self._stored = decoded, None
            return decoded

    def _decode(self, stored: bytes) -> NDArray[Any]:
        size = math.prod(self._shape) * self._dtype.itemsize
        plain = _inflate(stored, size) if self._deflated else stored
        if len(plain) != size:
            problem = f"a chunk holds {len(plain)} bytes; expected {size}"
            raise OSError(problem)
        if self._shuffled and self._dtype.itemsize > 1:
            return unshuffle(plain, self._dtype).reshape(self._shape)
        return np.frombuffer(plain, self._dtype).reshape(self._shape)


def unshuffle(plain: bytes | bytearray, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return numbers that are stored as all first bytes, then all second bytes, and so on.

    >>> unshuffle(bytes([1, 2, 0, 1]), np.dtype("<u2")).tolist()
    [1, 258]
    """
    numbers = np.empty(len(plain) // dtype.itemsize, dtype)
    columns = np.frombuffer(plain, np.uint8).reshape(dtype.itemsize, -1)
    parts = numbers.view(np.uint8).reshape(-1, dtype.itemsize)
    for i, column in enumerate(columns):
        parts[:, i] = column
    return numbers


def _turn(size: int) -> AbstractContextManager[Any]:
    """Return a lock that lets only one thread at a time decode large chunks."""
    return _ONE_AT_A_TIME if size > _LARGE else nullcontext()


def _inflate(stored: bytes, size: int) -> bytes | bytearray:
    """Decode zlib data up to a known size."""
    decoder = _zlib().decompressobj()
    try:
        plain = decoder.decompress(stored, min(size, _LARGE))
        if size > _LARGE:  # block by block, because zlib would need twice the memory
            plain = _all_of(decoder, plain, size)
        # The checksum follows the last byte.
        if not decoder.eof:
            plain += decoder.decompress(decoder.unconsumed_tail, 1)
    except (zlib.error, _zlib().error) as error:
        raise OSError(str(error)) from error
    if not decoder.eof:
        problem = f"a chunk holds more than {size} bytes, or is cut short"
        raise OSError(problem)
    return plain


def _all_of(decoder: Any, first: bytes, size: int) -> bytearray:
    """Return the first bytes and what the decoder still returns, up to a size."""
    plain, end = bytearray(size), len(first)
    plain[:end] = first
    while end < size and not decoder.eof:
        block = decoder.decompress(decoder.unconsumed_tail, min(_LARGE, size - end))
        if not block:
            break
        plain[end : end + len(block)] = block
        end += len(block)
    del plain[end:]
    return plain


@cache
def _zlib() -> ModuleType:
    """Return the fastest installed zlib."""
    try:
        return import_module("isal.isal_zlib")
    except ImportError:
        return zlib


def _filters(dataset: Any) -> list[int]:
    properties = dataset.id.get_create_plist()
    return [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]

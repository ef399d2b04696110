"""The base of input sources: numbered samples that are read range by range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Source(Protocol):
    """Samples of equal width.

    Attributes
    ----------
    samples, features : int
        The source's shape, each at least 1.
    dtype : np.dtype
        The dtype of the stored numbers, in native byte order.
    block : int
        The number of samples that are best read together; 1 if it does not matter.
    rows : range
        The row number of each sample in the file.
    key : str
        The config key of the input, which begins its messages: input, validation or test.
    """

    @property
    def key(self) -> str: ...
    @property
    def samples(self) -> int: ...
    @property
    def features(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def block(self) -> int: ...
    @property
    def rows(self) -> range: ...

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the samples from start to stop, (stop - start, features), C-contiguous."""
        ...

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        """Return the labels of the samples from start to stop, or None if there are none."""
        ...

    def fingerprint(self) -> dict[str, Any]:
        """Return values that identify this input, ready for JSON."""
        ...

    def paths(self) -> Mapping[str, str]:
        """Return the absolute paths of the files and folders of this input, by option."""
        ...

    def check_unchanged(self) -> None:
        """Raise DataError if a file has changed since it was opened."""
        ...

    def close(self) -> None:
        """Close the files."""
        ...


@runtime_checkable
class Fetching(Protocol):
    """A source that reads in two steps, of which only the first waits for the disk."""

    def fetch(self, start: int, stop: int) -> Callable[[], NDArray[Any]]:
        """Read from disk, and return a function that decodes the samples as `read` returns them.

        One thread fetches range after range, while other threads call the functions of earlier
        ranges. Nobody changes the decoded array, so it may be a NumPy view of the file.
        """
        ...


def fetch(source: Source, start: int, stop: int) -> Callable[[], NDArray[Any]]:
    """Fetch samples from any source; see `Fetching.fetch`."""
    if isinstance(source, Fetching):
        return source.fetch(start, stop)
    part = source.read(start, stop)
    return lambda: part


OpenSource = Callable[[int, str], Source]
"""``open(seed, key)`` returns the source for a run's seed and for the config key of an input.

It raises DataError if the data is missing, unreadable, of the wrong kind or of the wrong shape.
"""

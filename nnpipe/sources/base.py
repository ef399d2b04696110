"""What an input source is: numbered samples that are read a range at a time."""

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
        That of the stored numbers, in native byte order.
    block : int
        Samples that are best read together; 1 where it does not matter.
    rows : range
        The number that each sample's row has in the file.
    key : str
        The config key of the input, with which messages about it begin: input, validation or test.
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
        """Return what tells this input from any other, ready for JSON."""
        ...

    def paths(self) -> Mapping[str, str]:
        """Return the absolute paths of the files and folders that are read, by option."""
        ...

    def check_unchanged(self) -> None:
        """Raise DataError if anything that was read has changed since it was opened."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


@runtime_checkable
class Fetching(Protocol):
    """A source whose reading is in two steps, of which only the first waits for the disk."""

    def fetch(self, start: int, stop: int) -> Callable[[], NDArray[Any]]:
        """Do what waits for the disk, and return what makes the samples of it, as `read` does.

        One thread fetches range after range, while others call what was returned for those
        before. What is made is not changed by anyone, so it may be a view of the file.
        """
        ...


def fetch(source: Source, start: int, stop: int) -> Callable[[], NDArray[Any]]:
    """Fetch samples from any source; see `Fetching.fetch`."""
    if isinstance(source, Fetching):
        return source.fetch(start, stop)
    part = source.read(start, stop)
    return lambda: part


OpenSource = Callable[[int, str], Source]
"""``open(seed, key)`` returns the source: for a run's seed, as the input of a config key.

It raises DataError if the data is missing, unreadable, of the wrong kind or of the wrong shape.
"""

"""Mini-batches in random order, from data of any size.

Data that fits the memory limit is read once and shuffled as a whole in every epoch. From larger
data, runs of neighboring samples are read in random order into a buffer, whose rows are then
shuffled. In both cases the order depends only on the seed, the epoch and the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nnpipe.network.activations.base import Array
from nnpipe.sources.input import Input
from nnpipe.system.seeding import named_stream
from nnpipe.training.losses.base import Targets

_READ_BYTES = 4 << 20
_RUN_ROWS = 64

Wanted = Callable[[int, int], NDArray[np.bool_]]


class Batches:
    """The batches of selected samples of an input.

    Parameters
    ----------
    data : Input
        An input with labels or targets.
    wanted : callable
        ``wanted(start, stop)`` returns which of these samples to take, (stop - start,) bool.
    samples : int
        The total number of samples to take, at least 1.
    room : (size, features) or (size, features + 1) array
        Receives each batch. The last batch of an epoch may have fewer samples. One more column
        keeps its ones.
    memory : int
        The most bytes that the samples may take.
    seed : int or None
        Decides the order; None keeps the order of the input.

    Attributes
    ----------
    samples : int
    size : int
        The number of samples in the largest batch.
    whole : bool
        Whether all samples are kept in memory.
    key : str
        The config key of the input.
    """

    def __init__(
        self,
        data: Input,
        wanted: Wanted,
        samples: int,
        room: Array,
        memory: int,
        seed: int | None,
    ) -> None:
        self.samples, self.size = samples, min(len(room), samples)
        self.key = data.source.key
        self._data, self._wanted, self._seed = data, wanted, seed
        dtype = cast("np.dtype[np.floating[Any]]", data.dtype)
        width = room.shape[1] * dtype.itemsize
        block = data.source.block
        # A run that is read at once consists of whole blocks of the file, about 64 samples or more.
        self._run = max(1, _RUN_ROWS // block) * block
        self.whole = samples * width <= memory
        rows = samples if self.whole else max(memory // width, self._run + self.size)
        # All rows have the layout of the room, so that a batch is copied once.
        self._x: Array = np.ones((rows, room.shape[1]), dtype)
        self._targets: Targets = _empty(data, rows)
        self._filled = 0
        self._room = room
        self._batch_targets = np.empty_like(self._targets[: self.size])
        if self.whole:
            step = max(1, _READ_BYTES // width)
            for start in range(0, data.samples, step):
                self._read(start, min(start + step, data.samples))

    @property
    def steps(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.samples // self.size)

    def epoch(self, number: int) -> Iterator[tuple[Array, Targets]]:
        """Yield every sample once, in batches: the filled rows of `room`, and their targets.

        The next batch overwrites the arrays.
        """
        stream = None
        if self._seed is not None:
            stream = named_stream(self._seed, "shuffle", str(number))
        if self.whole:
            yield from self._cut(stream)
            return
        self._filled = 0
        runs = np.arange(-(-self._data.samples // self._run))
        if stream is not None:
            stream.shuffle(runs)
        for run in runs:
            start = int(run) * self._run
            self._read(start, min(start + self._run, self._data.samples))
            if self._filled + self._run > len(self._x):
                rest = yield from self._cut(stream, whole_batches=True)
                self._keep(rest)
        yield from self._cut(stream)

    def _read(self, start: int, stop: int) -> None:
        wanted = self._wanted(start, stop)
        rows = slice(self._filled, self._filled + int(np.count_nonzero(wanted)))
        if rows.start == rows.stop:
            return
        targets = self._data.targets(start, stop)
        assert targets is not None
        self._x[rows, : self._data.features] = self._data.read(start, stop)[wanted]
        self._targets[rows] = targets[wanted]
        self._filled = rows.stop

    def _cut(
        self, stream: np.random.Generator | None, *, whole_batches: bool = False
    ) -> Generator[tuple[Array, Targets], None, NDArray[np.int64]]:
        """Yield the buffer's rows in batches, and return the rows left over from whole batches."""
        filled = self._filled
        order = np.arange(filled) if stream is None else stream.permutation(filled)
        end = filled - filled % self.size if whole_batches else filled
        for start in range(0, end, self.size):
            rows = order[start : min(start + self.size, end)]
            x, targets = self._room[: len(rows)], self._batch_targets[: len(rows)]
            np.take(self._x, rows, axis=0, out=x, mode="clip")
            np.take(self._targets, rows, axis=0, out=targets, mode="clip")
            yield x, targets
        return order[end:]

    def _keep(self, rows: NDArray[np.int64]) -> None:
        """Move rows to the front of the buffer, and drop the others."""
        self._x[: len(rows)] = self._x[rows]
        self._targets[: len(rows)] = self._targets[rows]
        self._filled = len(rows)


def _empty(data: Input, rows: int) -> Targets:
    like = data.targets(0, 1)
    assert like is not None
    return np.empty((rows, *like.shape[1:]), np.int64 if like.ndim == 1 else data.dtype)

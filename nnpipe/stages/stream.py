"""Stream an input through a network: one thread reads ahead, others compute.

The reader waits for the disk, and is only a few batches ahead. One worker per core decodes and
computes, one batch at a time. The caller receives the batches in order, so that it can write them
in order. An error in a thread is raised in the caller when the batch is due.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.engines.base import Array, Engine
from nnpipe.engines.blas import one_thread
from nnpipe.sources.base import Source, fetch
from nnpipe.sources.input import Input

AHEAD = 2
"""The number of batches that are read in advance of those being computed."""


@dataclass(frozen=True)
class Executed:
    """A batch that has passed through the network.

    Attributes
    ----------
    start : int
        The number of its first sample.
    outputs : (samples, neurons of the last layer)
    activations : mapping of str to (samples, neurons of the layer)
        The activations of the kept layers.
    targets : array or None
        The labels or targets read with the samples.
    """

    start: int
    outputs: Array
    activations: Mapping[str, Array]
    targets: NDArray[Any] | None


ReadTargets = Callable[[Source, int, int], "NDArray[Any] | None"]
"""``read(source, start, stop)`` reads the labels or targets of the samples from start to stop."""


def labels_of(source: Source, start: int, stop: int) -> NDArray[np.int64] | None:
    """Read the labels of samples, (stop - start,), if there are any."""
    return source.labels(start, stop)


def stream(
    given: Input,
    engine: Engine,
    batches: Iterable[range],
    threads: int,
    keep: Collection[str] = (),
    targets: ReadTargets = labels_of,
) -> Generator[Executed]:
    """Execute batches of samples, and yield them in the given order.

    Close the generator if you leave it early. Closing waits for at most one batch per thread.

    Parameters
    ----------
    given : Input
        Read by one thread only.
    engine : Engine
        Used by all workers at once.
    batches : iterable of range
        The samples to read together, in whole tiles except for the last.
    threads : int
        The number of workers.
    keep : collection of str
        The layers whose activations to keep.
    targets : ReadTargets
        Reads the labels or targets, in the thread that reads the samples.
    """
    source = given.source

    def read(rows: range) -> Any:
        return fetch(source, rows.start, rows.stop), targets(source, rows.start, rows.stop)

    def execute(rows: range, reading: Future[Any]) -> Executed:
        decode, found = reading.result()
        outputs, activations = engine.forward(given.prepare(decode(), rows.start), keep)
        return Executed(rows.start, outputs, activations, found)

    waiting: deque[Future[Executed]] = deque()
    reader = ThreadPoolExecutor(1, "nnpipe-reader")
    workers = ThreadPoolExecutor(threads, "nnpipe-worker")
    try:
        with one_thread:
            for rows in batches:
                waiting.append(workers.submit(execute, rows, reader.submit(read, rows)))
                if len(waiting) >= threads + AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    finally:
        # The reader is stopped first, because a worker may wait for a batch that is never read.
        reader.shutdown(wait=False, cancel_futures=True)
        workers.shutdown(wait=True, cancel_futures=True)
        reader.shutdown(wait=True)

"""Pass an input through a network: one thread reads ahead, others compute, the caller takes.

What waits for the disk is done by the reader, a few batches ahead and never more. What costs
computing, decoding included, is done by one worker for each core, a batch at a time. The caller
gets the batches in order and does with them what has an order, such as writing; whatever goes
wrong in a thread is raised in the caller when its batch is due.
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
"""How many batches are read beside those that are being computed."""


@dataclass(frozen=True)
class Executed:
    """A batch that has passed through the network.

    Attributes
    ----------
    start : int
        The number of its first sample.
    outputs : (samples, neurons of the last layer)
    activations : mapping of str to (samples, neurons of the layer)
        Of the layers that were to be kept.
    targets : array or None
        What was read beside the samples.
    """

    start: int
    outputs: Array
    activations: Mapping[str, Array]
    targets: NDArray[Any] | None


ReadTargets = Callable[[Source, int, int], "NDArray[Any] | None"]
"""``read(source, start, stop)`` reads what belongs to the samples from start to stop."""


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
    """Yield batches of samples, executed, in the order in which they are given.

    Close the generator when you leave it early: that waits for what was begun, at most one batch
    in each thread.

    Parameters
    ----------
    given : Input
        Read by one thread only.
    engine : Engine
        Used by all workers at once.
    batches : iterable of range
        The samples to read together; whole tiles, but for the last.
    threads : int
        How many workers there are.
    keep : collection of str
        Layers whose activations are wanted.
    targets : ReadTargets
        What is read beside the samples, by the same thread.
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
        # The reader first: a worker may be waiting for a batch that nobody will read.
        reader.shutdown(wait=False, cancel_futures=True)
        workers.shutdown(wait=True, cancel_futures=True)
        reader.shutdown(wait=True)

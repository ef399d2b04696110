"""A stream gives every batch in order, and passes on what goes wrong, and never hangs."""

from __future__ import annotations

import threading
from contextlib import closing

import numpy as np
import pytest

import nnpipe
from nnpipe.engines.fast import FastEngine
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.none import IDENTITY
from nnpipe.stages.stream import stream

NETWORK = nnpipe.build({"inputs": 3, "sizes": [4, 2]})


class Numbers:
    """A source of which each read can be watched, or made to fail."""

    samples, features, dtype, block, rows = 10_000, 3, np.dtype("float32"), 1, range(10_000)

    def __init__(self, on_read=lambda start: None):
        self._on_read = on_read

    def read(self, start, stop):
        self._on_read(start)
        return np.arange(3.0 * start, 3.0 * stop, dtype=np.float32).reshape(-1, 3) / 30_000

    def labels(self, start, stop):
        return None


def batches(size=100):
    return [range(start, start + size) for start in range(0, 10_000, size)]


def executed(source, engine=None, threads=2):
    given = Input(source, IDENTITY, np.float32)
    return stream(given, engine or FastEngine(NETWORK), batches(), threads)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_batches_come_in_order_and_are_those_of_the_network(threads):
    found = list(executed(Numbers(), threads=threads))
    assert [batch.start for batch in found] == list(range(0, 10_000, 100))
    outputs = np.concatenate([batch.outputs for batch in found])
    expected = NETWORK(Numbers().read(0, 10_000))
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=2e-6)


def test_only_a_few_batches_are_read_ahead():
    read = []
    with closing(executed(Numbers(read.append))) as found:
        for taken, _ in enumerate(found, 1):
            assert len(read) <= taken + 2 + 2


def test_the_next_batch_is_read_while_one_is_computed():
    second_is_read = threading.Event()
    source = Numbers(lambda start: start == 100 and second_is_read.set())

    class Waiting(FastEngine):
        def forward(self, x, keep=()):
            assert second_is_read.wait(10)
            return super().forward(x, keep)

    with closing(executed(source, Waiting(NETWORK), threads=1)) as found:
        next(found)


@pytest.mark.parametrize("where", ["reader", "worker"])
def test_what_goes_wrong_arrives_when_its_batch_is_due(where):
    def fail(start):
        if where == "reader" and start == 500:
            problem = "in the reader"
            raise OSError(problem)

    class Failing(FastEngine):
        def forward(self, x, keep=()):
            if where == "worker" and x[0, 0] == np.float32(1500) / np.float32(30_000):
                problem = "in the worker"
                raise OSError(problem)
            return super().forward(x, keep)

    taken = []
    with pytest.raises(OSError, match=f"in the {where}"):
        taken.extend(batch.start for batch in executed(Numbers(fail), Failing(NETWORK)))
    assert taken == [0, 100, 200, 300, 400]
    assert not [t for t in threading.enumerate() if t.name.startswith("nnpipe-")]


def test_a_stream_that_is_left_early_stops_its_threads():
    read = []
    with closing(executed(Numbers(read.append))) as found:
        next(found)
    assert len(read) < 10
    assert not [t for t in threading.enumerate() if t.name.startswith("nnpipe-")]

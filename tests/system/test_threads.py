"""Work that is cut into parts is done once, and its errors are raised: threads.py, tiles.py."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.system.threads import share
from nnpipe.system.tiles import cut, part_count


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_every_item_is_done_once(threads):
    done = []
    share(done.append, range(100), threads)
    assert sorted(done) == list(range(100))


def test_an_error_is_raised_and_no_further_item_is_started():
    done = []

    def work(item):
        if item == 3:
            raise ValueError(item)
        done.append(item)

    with pytest.raises(ValueError, match="3"):
        share(work, range(1000), 1)
    assert done == [0, 1, 2]


def test_threads_have_the_error_settings_of_their_caller():
    both = threading.Barrier(2, timeout=10)
    found = []

    def work(_):
        both.wait()
        found.append(np.geterr()["over"])

    with np.errstate(over="raise"):
        share(work, range(2), 2)
    assert found == ["raise", "raise"]


@given(st.integers(0, 1000), st.integers(1, 300))
def test_slices_cover_the_samples_in_order(samples, rows):
    slices = list(cut(samples, rows))
    assert [row for part in slices for row in range(samples)[part]] == list(range(samples))
    assert all(part.stop - part.start <= rows for part in slices)


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_parts_are_a_power_of_two_and_none_is_too_small(amount, least):
    count = part_count(amount, least)
    assert count.bit_count() == 1
    assert count == 1 or amount / count >= least

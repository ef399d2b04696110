"""The order of samples: every one once, by the seed alone, in memory and beyond it.

Modules: training/split.py.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.none import IDENTITY
from nnpipe.training.batching import Batches
from nnpipe.training.split import Split
from tests.inputs import open_input

SAMPLES, FEATURES = 1000, 3
ALL = 1 << 30


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """Return an input whose samples hold their own number, as do their labels."""
    path: Path = tmp_path_factory.mktemp("batching") / "x.h5"
    with h5py.File(path, "w") as file:
        numbers = np.arange(SAMPLES)
        x = np.repeat(numbers[:, np.newaxis], FEATURES, axis=1)
        file.create_dataset("x", data=x, chunks=(30, FEATURES))
        file["y"] = numbers
    source = open_input("hdf5", path=str(path), dataset="/x", labels="/y")
    return Input(source, IDENTITY, "float32")


def room(size: int) -> np.ndarray:
    return np.ones((size, FEATURES + 1), np.float32)


def epoch(batches: Batches, number: int = 1) -> list[np.ndarray]:
    """Return the numbers of the samples of each batch, after checking what belongs to them."""
    found = []
    for x, targets in batches.epoch(number):
        assert (x[:, -1] == 1).all()
        assert (x[:, :-1] == targets[:, np.newaxis]).all()
        found.append(targets.copy())
    return found


@given(
    size=st.integers(1, 400),
    rows=st.sampled_from([1, 100, 333, 5000]),
    fraction=st.sampled_from([0.0, 0.1, 0.5]),
    seed=st.sampled_from([None, 0, 7]),
)
def test_an_epoch_has_every_sample_once_in_whole_batches(
    data: Input, size: int, rows: int, fraction: float, seed: int | None
) -> None:
    split = Split(SAMPLES, fraction, seed=3)
    left = SAMPLES - split.held
    memory = rows * (FEATURES + 1) * 4
    found = epoch(Batches(data, split.kept, left, room(size), memory, seed))
    assert [len(batch) for batch in found[:-1]] == [size] * (len(found) - 1)
    assert len(found) == -(-left // size)
    np.testing.assert_array_equal(
        np.sort(np.concatenate(found)), np.flatnonzero(split.kept(0, SAMPLES))
    )


@pytest.mark.parametrize("memory", [ALL, 300 * 16])
def test_a_room_without_a_column_of_ones_gets_the_same_batches(data: Input, memory: int) -> None:
    split = Split(SAMPLES, 0, seed=0)
    narrow = np.empty((32, FEATURES), np.float32)
    # As many samples fit the memory.
    limit = memory * FEATURES // (FEATURES + 1)
    one = Batches(data, split.kept, SAMPLES, room(32), memory, seed=1)
    other = Batches(data, split.kept, SAMPLES, narrow, limit, seed=1)
    for (x, t), (y, u) in zip(one.epoch(1), other.epoch(1), strict=True):
        assert np.shares_memory(y, narrow)
        np.testing.assert_array_equal(x[:, :-1], y)
        np.testing.assert_array_equal(t, u)


@pytest.mark.parametrize("memory", [ALL, 300 * 16])
def test_the_order_is_that_of_the_seed_and_the_epoch(data: Input, memory: int) -> None:
    split = Split(SAMPLES, 0, seed=0)

    def order(seed: int | None, number: int) -> list[int]:
        batches = Batches(data, split.kept, SAMPLES, room(32), memory, seed)
        return np.concatenate(epoch(batches, number)).tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)
    assert order(None, 1) == list(range(SAMPLES))


def test_beyond_the_memory_the_order_is_still_far_from_that_of_the_file(data: Input) -> None:
    split = Split(SAMPLES, 0, seed=0)
    batches = Batches(data, split.kept, SAMPLES, room(50), 300 * 16, seed=0)
    assert not batches.whole
    for batch in epoch(batches):
        # Each batch draws from several parts of the file.
        assert len(np.unique(batch // 100)) >= 3


def test_a_held_out_sample_is_told_by_its_number_and_the_seed() -> None:
    split = Split(100_000, 0.25, seed=1)
    whole = split.held_out(0, 100_000)
    assert whole.sum() == split.held
    assert split.held == pytest.approx(25_000, abs=4)
    np.testing.assert_array_equal(split.held_out(16_000, 40_000), whole[16_000:40_000])
    assert (Split(100_000, 0.25, seed=2).held_out(0, 100_000) != whole).any()
    # The share is the same everywhere.
    assert all(abs(part.mean() - 0.25) < 0.03 for part in np.split(whole, 20))

"""The statistics of columns that arrive in batches, against NumPy over the whole array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnpipe.sources.moments import Moments


def moments(x, cuts=()):
    found = Moments(x.shape[1])
    for batch in np.split(x, sorted(cuts)):
        found.add(batch)
    return found


@st.composite
def cut_arrays(draw):
    shape = draw(st.tuples(st.integers(1, 30), st.integers(1, 5)))
    cuts = draw(st.lists(st.integers(0, shape[0]), max_size=6))
    return draw(hnp.arrays("float64", shape, elements=st.floats(-1e6, 1e6))), cuts


@given(cut_arrays(), st.sampled_from(["float64", "float32", "float16", "int32", "uint8", "bool"]))
def test_any_cut_and_dtype_gives_numpys_statistics_in_float64(drawn, dtype):
    x, cuts = drawn
    if dtype == "float16":
        x = x / 100
    x = x.astype("int64" if dtype in {"int32", "uint8", "bool"} else dtype).astype(dtype)
    found, y = moments(x, cuts), x.astype(np.float64)
    assert found.count == len(x)
    np.testing.assert_array_equal(found.minimum, y.min(axis=0))
    np.testing.assert_array_equal(found.maximum, y.max(axis=0))
    # Both sides round: by some units in the last place of the largest number.
    room = 1e-13 * abs(y).max()
    np.testing.assert_allclose(found.mean, y.mean(axis=0), rtol=1e-12, atol=room)
    np.testing.assert_allclose(found.std, y.std(axis=0), rtol=1e-9, atol=room)
    assert {found.mean.dtype, found.std.dtype, found.minimum.dtype} == {np.dtype("float64")}


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_a_small_spread_around_a_great_mean_is_not_lost(batch):
    # The sum of squares less the square of the sum has no correct digit here.
    x = 1e9 + np.random.default_rng(0).normal(0, 1e-3, (10_000, 1))
    found = moments(x, range(batch, len(x), batch))
    np.testing.assert_allclose(found.std, x.std(axis=0), rtol=1e-3)


def test_a_constant_column_has_no_spread():
    assert moments(np.full((1000, 2), 0.1), range(1, 1000)).std.max() < 1e-16


@given(cut_arrays(), st.sampled_from([np.nan, np.inf, -np.inf]), st.data())
def test_a_value_that_is_not_finite_spoils_its_own_column_alone(drawn, value, data):
    x, cuts = drawn
    clean = moments(x, cuts)
    spoilt = x.copy()
    row = data.draw(st.integers(0, len(x) - 1))
    spoilt[row, 0] = value
    found = moments(spoilt, cuts)
    assert not np.isfinite([found.mean[0], found.std[0]]).any()
    extremes = found.minimum[0], found.maximum[0]
    np.testing.assert_array_equal(extremes, (spoilt[:, 0].min(), spoilt[:, 0].max()))
    for name in ("minimum", "maximum", "mean", "std"):
        np.testing.assert_array_equal(getattr(found, name)[1:], getattr(clean, name)[1:])


def test_numbers_whose_squares_overflow_give_no_warning():
    found = moments(np.array([[1e300], [-1e300]]), [1])
    assert (found.minimum[0], found.maximum[0], found.mean[0]) == (-1e300, 1e300, 0)
    assert not np.isfinite(found.std[0])


def test_nothing_seen_is_nothing_counted():
    found = Moments(2)
    found.add(np.empty((0, 2)))
    assert found.count == 0
    assert found.std.tolist() == [0, 0]
    assert found.minimum.tolist() == [np.inf, np.inf]


@given(cut_arrays())
def test_merging_parts_is_adding_them(drawn):
    x, cuts = drawn
    added, merged = moments(x, cuts), Moments(x.shape[1])
    for part in np.split(x, sorted(cuts)):
        merged.merge(moments(part))
    assert merged.count == added.count
    np.testing.assert_array_equal(merged.mean, added.mean)
    np.testing.assert_array_equal(merged.std, added.std)

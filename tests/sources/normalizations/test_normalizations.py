"""Normalization: statistics, given or computed, against NumPy over the whole array.

Modules: sources/normalizations/*.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnpipe.errors import ConfigError, DataError
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.sources.normalizations.base import Features
from tests.inputs import open_input


@pytest.fixture
def source_of(tmp_path):
    def save(values):
        np.save(tmp_path / "x.npy", values)
        return open_input("npy", path=str(tmp_path / "x.npy"))

    return save


def fit(chosen, source, batch_rows, on_batch=None):
    return chosen.make()(Features(source, batch_rows, on_batch=on_batch))


def normalized(source, chosen, batch_rows=3):
    return Input(source, fit(chosen, source, batch_rows), np.float64).read(0, source.samples)


def refusal(chosen, source):
    with pytest.raises(DataError) as refused:
        fit(chosen, source, 4)
    return str(refused.value)


def test_none_changes_nothing(source_of):
    source = source_of(np.arange(6.0).reshape(3, 2))
    found = fit(NORMALIZATIONS.choice("none"), source, 2)
    assert (found.kind, found.offset.tolist(), found.factor.tolist()) == ("none", [0], [1])
    assert found.identity


@pytest.mark.parametrize(
    ("dtype", "divisor"), [("u1", 255), (">u2", 65535), ("u4", 2**32 - 1), ("u8", 2**64 - 1)]
)
def test_scale_divides_unsigned_integers_by_the_largest_of_their_dtype(source_of, dtype, divisor):
    found = fit(NORMALIZATIONS.choice("scale"), source_of(np.ones((2, 2), dtype)), 2)
    assert found.factor.tolist() == [1 / divisor]


@pytest.mark.parametrize("dtype", ["i2", "f4", "f8", "?"])
def test_scale_divides_other_numbers_by_the_largest_that_is_there(source_of, dtype):
    values = np.array([[1, -8], [4, 2], [0, 1]]).astype(dtype)
    largest = np.abs(values.astype(float)).max()
    found = fit(NORMALIZATIONS.choice("scale"), source_of(values), 2)
    np.testing.assert_array_equal(found.factor, [1 / largest])


def test_scale_takes_the_divisor_that_is_given(source_of):
    found = fit(NORMALIZATIONS.choice("scale", divisor=4), source_of(np.ones((2, 2))), 2)
    assert found.factor.tolist() == [0.25]


def test_scale_leaves_zeros_alone(source_of):
    assert (normalized(source_of(np.zeros((4, 2))), NORMALIZATIONS.choice("scale")) == 0).all()


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(2, 12), st.integers(1, 4)),
    batch_rows=st.integers(1, 13),
    seed=st.integers(0, 1000),
)
def test_standardized_features_have_mean_0_and_deviation_1(
    tmp_path_factory, shape, batch_rows, seed
):
    path = tmp_path_factory.mktemp("n") / "x.npy"
    values = np.random.default_rng(seed).normal(5, 3, shape)
    np.save(path, values)
    source = open_input("npy", path=str(path))
    x = normalized(source, NORMALIZATIONS.choice("standardize"), batch_rows)
    np.testing.assert_allclose(x, (values - values.mean(axis=0)) / values.std(axis=0), atol=1e-9)
    x = normalized(source, NORMALIZATIONS.choice("minmax"), batch_rows)
    low, high = values.min(axis=0), values.max(axis=0)
    np.testing.assert_allclose(x, (values - low) / (high - low), atol=1e-12)
    assert x.min() >= 0
    assert x.max() <= 1 + 1e-15


@pytest.mark.parametrize("kind", ["standardize", "minmax"])
@pytest.mark.parametrize("constant", [0.1, 1e300, -7.0, 0.0])
def test_a_constant_feature_gets_the_factor_1(source_of, kind, constant):
    # The mean of many 0.1 is not 0.1, and their standard deviation not 0.
    values = np.column_stack([np.full(1001, constant), np.arange(1001.0)])
    found = fit(NORMALIZATIONS.choice(kind), source_of(values), 100)
    assert found.factor[0] == 1
    assert found.factor[1] != 1


def test_given_statistics_are_used_and_the_others_computed(source_of):
    values = np.array([[1.0, 2.0], [3.0, 6.0]])
    read = []
    source = source_of(values)
    both = NORMALIZATIONS.choice("standardize", mean=[1.0], std=[2.0, 4.0])
    found = fit(both, source, 1, read.append)
    assert read == []
    np.testing.assert_array_equal(found.offset, [1])
    np.testing.assert_array_equal(found.factor, [1 / 2, 1 / 4])
    found = fit(NORMALIZATIONS.choice("standardize", mean=[1.0]), source, 1, read.append)
    assert read == [1, 1]
    np.testing.assert_array_equal(found.factor, [1, 1 / 2])
    found = fit(NORMALIZATIONS.choice("minmax", max=[5.0, 10.0]), source, 2, read.append)
    assert read == [1, 1, 2]
    np.testing.assert_array_equal(found.factor, [1 / 4, 1 / 8])


@pytest.mark.parametrize(
    ("kind", "name"), [("standardize", "mean"), ("standardize", "std"), ("minmax", "min")]
)
def test_a_list_of_the_wrong_length_is_refused(source_of, kind, name):
    source = source_of(np.ones((2, 3)))
    assert refusal(NORMALIZATIONS.choice(kind, **{name: [1.0, 2.0]}), source) == (
        f"input.normalize.{name}: found 2 numbers; expected 1, or 3, one per feature."
    )


def test_a_maximum_below_the_minimum_is_refused(source_of):
    config = NORMALIZATIONS.choice("minmax", min=[2.0], max=[3.0, 1.0])
    assert refusal(config, source_of(np.ones((2, 2)))) == (
        "input.normalize.max: found 1.0 for feature 1; expected at least its minimum, which is 2.0."
    )


@pytest.mark.parametrize(
    ("kind", "bad", "statistic", "key"),
    [
        ("standardize", np.nan, "mean nan", "mean"),
        ("standardize", np.inf, "mean nan", "mean"),
        ("minmax", np.nan, "minimum nan", "min"),
        ("minmax", np.inf, "maximum inf", "max"),
        ("scale", -np.inf, "largest absolute value inf", "divisor"),
    ],
)
def test_statistics_that_are_not_finite_are_refused(source_of, kind, bad, statistic, key):
    values = np.ones((5, 3))
    values[3, 1] = bad
    assert refusal(NORMALIZATIONS.choice(kind), source_of(values)) == (
        f"input.normalize: feature 1 has the {statistic}; expected a finite number. "
        f"Clean the data, or set input.normalize.{key}."
    )


def test_a_range_too_wide_for_a_number_is_refused(source_of):
    assert refusal(NORMALIZATIONS.choice("minmax"), source_of(np.array([[1e308], [-1e308]]))) == (
        "input.normalize: feature 0 has the range inf; expected a finite number. "
        "Clean the data, or set input.normalize.max."
    )


def test_messages_begin_with_the_key_of_the_normalization(source_of):
    features = Features(source_of(np.full((2, 1), np.nan)), 2, key="validation.normalize")
    with pytest.raises(DataError, match=r"^validation\.normalize: feature 0 has the mean nan"):
        NORMALIZATIONS.choice("standardize").make()(features)


def test_the_statistics_of_a_run_are_not_computed_again(source_of):
    with pytest.raises(ConfigError, match="has the statistics of a run"):
        fit(NORMALIZATIONS.choice("from_run"), source_of(np.ones((2, 2))), 2)

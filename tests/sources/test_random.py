"""Random samples: the distributions, and independence of how the reads are cut."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nnpipe.config.schema import RandomInput

from nnpipe.sources import open_source

DISTRIBUTIONS = ["normal", "uniform", "bernoulli"]


@settings(max_examples=60, deadline=None)
@given(
    distribution=st.sampled_from(DISTRIBUTIONS),
    features=st.integers(1, 20),
    seed=st.integers(0, 2**70),
    cuts=st.lists(st.integers(0, 30), max_size=5),
)
def test_reads_do_not_depend_on_how_they_are_cut(distribution, features, seed, cuts):
    config = RandomInput(samples=30, features=features, distribution=distribution)
    whole = open_source(config, seed).read(0, 30)
    edges = [0, *sorted(cuts), 30]
    source = open_source(config, seed)
    parts = [source.read(a, b) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.dtype == source.dtype
    assert whole.flags.c_contiguous


def test_more_samples_change_none_of_the_first():
    few = open_source(RandomInput(samples=5, features=3), 1).read(0, 5)
    many = open_source(RandomInput(samples=50, features=3), 1).read(0, 50)
    np.testing.assert_array_equal(few, many[:5])


def test_rows_and_seeds_differ():
    x = open_source(RandomInput(samples=100, features=8), 0).read(0, 100)
    assert len(np.unique(x, axis=0)) == 100
    assert not np.isin(x, open_source(RandomInput(samples=100, features=8), 1).read(0, 100)).any()


# The bounds are five standard errors of each estimate over a million numbers.
@pytest.mark.parametrize(
    ("config", "mean", "variance", "kurtosis"),
    [
        ({"distribution": "normal"}, 0, 1, 3),
        ({"distribution": "normal", "mean": -2.0, "std": 0.5}, -2, 0.25, 3),
        ({"distribution": "uniform"}, 1 / 2, 1 / 12, 9 / 5),
        ({"distribution": "uniform", "low": -3.0, "high": 5.0}, 1, 64 / 12, 9 / 5),
        ({"distribution": "bernoulli"}, 1 / 2, 1 / 4, 1),
        ({"distribution": "bernoulli", "p": 0.2}, 0.2, 0.16, 3.25),
    ],
)
def test_mean_and_variance_are_those_of_the_distribution(config, mean, variance, kurtosis):
    x = open_source(RandomInput(samples=1000, features=1000, **config), 3).read(0, 1000)
    n = x.size
    assert abs(x.mean() - mean) < 5 * np.sqrt(variance / n)
    assert abs(x.var() - variance) < 5 * variance * np.sqrt((kurtosis - 1) / n) + 1e-6


def test_uniform_numbers_stay_between_the_bounds():
    config = RandomInput(samples=200, features=200, distribution="uniform", low=2.0, high=2.5)
    x = open_source(config, 0).read(0, 200)
    assert x.min() >= 2
    assert x.max() < 2.5


@pytest.mark.parametrize(("p", "value"), [(0.0, 0), (1.0, 1)])
def test_a_sure_event_is_sure(p, value):
    config = RandomInput(samples=9, features=9, distribution="bernoulli", p=p)
    x = open_source(config, 0).read(0, 9)
    assert x.dtype == np.uint8
    assert (x == value).all()


def test_a_standard_deviation_of_zero_gives_the_mean():
    x = open_source(RandomInput(samples=3, features=3, mean=7.0, std=0.0), 0).read(0, 3)
    np.testing.assert_array_equal(x, 7)


def test_the_fingerprint_says_what_was_drawn():
    source = open_source(RandomInput(samples=3, features=2, std=2.0), 5)
    assert source.fingerprint() == {
        "kind": "random",
        "seed": 5,
        "shape": [3, 2],
        "dtype": "float64",
        "distribution": "normal",
        "mean": 0.0,
        "std": 2.0,
    }
    assert json.dumps(source.fingerprint())
    assert source.labels(0, 3) is None
    assert (source.samples, source.features, source.block, source.rows) == (3, 2, 1, range(3))
    source.close()

"""Random samples: the distributions, and independence of how the reads are cut."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnpipe.sources.distributions import DISTRIBUTIONS
from tests.inputs import open_input


def drawn_from(distribution="normal", samples=1000, features=784, seed=0, **options):
    chosen = DISTRIBUTIONS.choice(distribution, **options)
    return open_input("random", seed=seed, samples=samples, features=features, distribution=chosen)


@settings(max_examples=60, deadline=None)
@given(
    distribution=st.sampled_from(DISTRIBUTIONS.names),
    features=st.integers(1, 20),
    seed=st.integers(0, 2**70),
    cuts=st.lists(st.integers(0, 30), max_size=5),
)
def test_reads_do_not_depend_on_how_they_are_cut(distribution, features, seed, cuts):
    whole = drawn_from(distribution, 30, features, seed).read(0, 30)
    edges = [0, *sorted(cuts), 30]
    source = drawn_from(distribution, 30, features, seed)
    parts = [source.read(a, b) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.dtype == source.dtype
    assert whole.flags.c_contiguous


def test_more_samples_change_none_of_the_first():
    few = drawn_from(samples=5, features=3, seed=1).read(0, 5)
    many = drawn_from(samples=50, features=3, seed=1).read(0, 50)
    np.testing.assert_array_equal(few, many[:5])


def test_rows_and_seeds_differ():
    x = drawn_from(samples=100, features=8).read(0, 100)
    assert len(np.unique(x, axis=0)) == 100
    assert not np.isin(x, drawn_from(samples=100, features=8, seed=1).read(0, 100)).any()


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
    x = drawn_from(samples=1000, features=1000, seed=3, **config).read(0, 1000)
    n = x.size
    assert abs(x.mean() - mean) < 5 * np.sqrt(variance / n)
    assert abs(x.var() - variance) < 5 * variance * np.sqrt((kurtosis - 1) / n) + 1e-6


def test_uniform_numbers_stay_between_the_bounds():
    x = drawn_from("uniform", 200, 200, low=2.0, high=2.5).read(0, 200)
    assert x.min() >= 2
    assert x.max() < 2.5


@pytest.mark.parametrize(("p", "value"), [(0.0, 0), (1.0, 1)])
def test_a_sure_event_is_sure(p, value):
    x = drawn_from("bernoulli", 9, 9, p=p).read(0, 9)
    assert x.dtype == np.uint8
    assert (x == value).all()


def test_a_standard_deviation_of_zero_gives_the_mean():
    x = drawn_from(samples=3, features=3, mean=7.0, std=0.0).read(0, 3)
    np.testing.assert_array_equal(x, 7)


def test_the_fingerprint_says_what_was_drawn():
    source = drawn_from(samples=3, features=2, seed=5, std=2.0)
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


# The second row of three with four numbers each, drawn with seed 3 by nnpipe 0.1.0 (commit
# 00646e5), where the distributions were options of the source.
@pytest.mark.parametrize(
    ("distribution", "options", "row"),
    [
        (
            "normal",
            {"mean": -2.0, "std": 0.5},
            [-2.220499584752565, -2.3435431203144756, -2.4723298265780396, -2.324625910398616],
        ),
        (
            "uniform",
            {"low": -3.0, "high": 5.0},
            [4.256818778978877, -0.5640975954743643, 2.4878101327780735, 2.2272384654555433],
        ),
        ("bernoulli", {}, [0, 1, 0, 0]),
    ],
)
def test_a_seed_gives_the_numbers_that_it_gave_in_version_0_1_0(distribution, options, row):
    source = drawn_from(distribution, samples=3, features=4, seed=3, **options)
    np.testing.assert_array_equal(source.read(1, 2), [row])


def test_every_input_of_a_config_draws_the_same_numbers_and_has_no_files():
    sources = [open_input("random", key=key, features=3) for key in ("input", "validation")]
    first, second = (source.read(0, 5) for source in sources)
    np.testing.assert_array_equal(first, second)
    assert [source.key for source in sources] == ["input", "validation"]
    for source in sources:
        assert source.paths() == {}
        source.check_unchanged()
        source.close()

"""The moments of every initializer, orthogonality, the bias column, and the stream."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnpipe.config.load import store
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.initializers.base import initialize

NEURONS, INPUTS = 300, 500


def _draw(neurons=NEURONS, inputs=INPUTS, dtype="float64", seed=0, *, kind, bias=None, **options):
    generator = np.random.default_rng(seed)
    beside = None if bias is None else INITIALIZERS.choice(bias)
    chosen = INITIALIZERS.choice(kind, bias=beside, **options)
    return initialize(chosen, generator, neurons, inputs, dtype)


# Name, options, expected mean and variance, from the definitions in the papers.
MOMENTS = [
    ("normal", {}, 0.0, 1.0),
    ("normal", {"mean": 3.0, "std": 0.5}, 3.0, 0.25),
    ("normal", {"std": 0.0}, 0.0, 0.0),
    ("uniform", {}, 0.0, 0.1**2 / 12),
    ("uniform", {"low": 1.0, "high": 5.0}, 3.0, 16 / 12),
    ("zeros", {}, 0.0, 0.0),
    ("constant", {}, 0.0, 0.0),
    ("constant", {"value": 0.25}, 0.25, 0.0),
    ("glorot_normal", {}, 0.0, 2 / (INPUTS + NEURONS)),
    ("glorot_normal", {"gain": 3.0}, 0.0, 9 * 2 / (INPUTS + NEURONS)),
    ("glorot_uniform", {}, 0.0, 2 / (INPUTS + NEURONS)),
    ("glorot_uniform", {"gain": 3.0}, 0.0, 9 * 2 / (INPUTS + NEURONS)),
    ("he_normal", {}, 0.0, 2 / INPUTS),
    ("he_uniform", {}, 0.0, 2 / INPUTS),
    ("lecun_normal", {}, 0.0, 1 / INPUTS),
]


@pytest.mark.parametrize(("kind", "options", "mean", "variance"), MOMENTS)
def test_it_has_the_mean_and_the_variance_of_its_definition(kind, options, mean, variance):
    parameters = _draw(kind=kind, **options)
    assert parameters.shape == (NEURONS, INPUTS + 1)
    # Five standard errors of the mean; the variance of 150,300 numbers is within 3 percent.
    error = 5 * math.sqrt(variance / parameters.size)
    assert parameters.mean() == pytest.approx(mean, abs=error + 1e-12)
    assert parameters.var() == pytest.approx(variance, rel=0.03, abs=1e-30)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("uniform", -0.05, 0.05),
        ("glorot_uniform", -math.sqrt(6 / (INPUTS + NEURONS)), math.sqrt(6 / (INPUTS + NEURONS))),
        ("he_uniform", -math.sqrt(6 / INPUTS), math.sqrt(6 / INPUTS)),
    ],
)
def test_a_uniform_one_fills_its_range_and_stays_within(kind, low, high):
    parameters = _draw(kind=kind)
    assert low <= parameters.min() < 0.999 * low
    assert 0.999 * high < parameters.max() <= high


@pytest.mark.parametrize("kind", ["normal", "glorot_normal", "he_normal", "lecun_normal"])
def test_a_normal_one_is_not_truncated(kind):
    # Of 150,300 normal numbers about 406 lie beyond three standard deviations.
    parameters = _draw(kind=kind)
    beyond = np.count_nonzero(np.abs(parameters) > 3 * parameters.std())
    assert 300 < beyond < 520


@pytest.mark.parametrize(("neurons", "inputs"), [(4, 9), (9, 4), (5, 4), (1, 1)])
def test_orthogonal_has_orthonormal_rows_or_columns(neurons, inputs):
    parameters = _draw(neurons, inputs, kind="orthogonal", gain=2.0)
    assert parameters.flags.c_contiguous
    p = parameters if neurons <= inputs + 1 else parameters.T
    np.testing.assert_allclose(p @ p.T, 4 * np.eye(len(p)), rtol=0, atol=1e-13)


def test_orthogonal_favours_no_sign():
    first = [_draw(3, 2, seed=seed, kind="orthogonal")[0, 0] for seed in range(200)]
    assert 70 < np.count_nonzero(np.array(first) > 0) < 130


@pytest.mark.parametrize("kind", INITIALIZERS.names)
def test_a_float32_matrix_is_the_rounded_float64_one(kind):
    wide, narrow = _draw(kind=kind, bias="normal"), _draw(kind=kind, bias="normal", dtype="float32")
    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))


@pytest.mark.parametrize("kind", INITIALIZERS.names)
def test_the_same_stream_gives_the_same_numbers(kind):
    np.testing.assert_array_equal(_draw(kind=kind), _draw(kind=kind))


@pytest.mark.parametrize("kind", sorted({*INITIALIZERS.names} - {"zeros", "constant"}))
def test_another_stream_gives_other_numbers(kind):
    assert not np.array_equal(_draw(kind=kind), _draw(kind=kind, seed=1))


def test_without_bias_the_initializer_fills_the_bias_column_too():
    assert _draw(kind="normal")[:, -1].std() == pytest.approx(1, rel=0.2)


def test_with_bias_another_initializer_fills_the_last_column_alone():
    parameters = _draw(kind="normal", bias="zeros")
    assert not parameters[:, -1].any()
    assert parameters[:, :-1].all()
    assert _draw(kind="zeros", bias="normal")[:, -1].std() == pytest.approx(1, rel=0.2)


def test_orthogonal_weights_beside_a_bias_are_themselves_orthonormal():
    weights = _draw(4, 9, kind="orthogonal", bias="zeros")[:, :-1]
    np.testing.assert_allclose(weights @ weights.T, np.eye(4), rtol=0, atol=1e-14)


def test_the_bias_column_takes_options_of_its_own():
    bias = INITIALIZERS.choice("uniform", low=2.0, high=3.0)
    chosen = INITIALIZERS.choice("normal", mean=-5.0, std=0.1, bias=bias)
    parameters = initialize(chosen, np.random.default_rng(0), NEURONS, INPUTS, "float64")
    column, weights = parameters[:, -1], parameters[:, :-1]
    # Five standard errors of each mean.
    assert column.mean() == pytest.approx(2.5, abs=5 * math.sqrt(1 / 12 / NEURONS))
    assert column.var() == pytest.approx(1 / 12, rel=0.25)
    assert (column >= 2.0).all()
    assert (column < 3.0).all()
    assert weights.mean() == pytest.approx(-5, abs=5 * 0.1 / math.sqrt(weights.size))
    assert weights.var() == pytest.approx(0.01, rel=0.03)


def test_the_variance_of_a_bias_column_is_that_of_the_whole_layer():
    # The fans are those of the layer, not of the one column that is filled.
    column = _draw(kind="zeros", bias="he_normal")[:, -1]
    assert column.var() == pytest.approx(2 / INPUTS, rel=0.5)


# The first and the last number of a matrix of 2 neurons and 3 inputs, drawn with seed 7 by
# nnpipe 0.1.0 (commit 00646e5), where initializers were one module.
DRAWN = {
    "constant": (0.0, 0.0),
    "glorot_normal": (0.0007780172961896542, 0.8476265461668361),
    "glorot_uniform": (0.2740704356040411, 0.7037762034397932),
    "he_normal": (0.0010044160104012846, 1.0942811657024893),
    "he_uniform": (0.3538234109274212, 0.908571171793134),
    "lecun_normal": (0.0007102293720870861, 0.7737736327929503),
    "normal": (0.0012301533574825742, 1.3402152455545335),
    "orthogonal": (0.00230228643303243, 0.9443400561199743),
    "uniform": (0.012509546660466692, 0.03212284183827663),
    "zeros": (0.0, 0.0),
}


def _tolerance(kind):
    """Return how far a number may be off: the factors of a matrix are LAPACK's."""
    return 1e-12 if kind == "orthogonal" else 0


@pytest.mark.parametrize("kind", INITIALIZERS.names)
def test_a_seed_gives_the_numbers_that_it_gave_in_version_0_1_0(kind):
    drawn = _draw(2, 3, seed=7, kind=kind)
    found = drawn[0, 0], drawn[1, 3]
    np.testing.assert_allclose(found, DRAWN[kind], rtol=_tolerance(kind), atol=0)


@pytest.mark.parametrize("kind", INITIALIZERS.names)
def test_a_seed_gives_a_bias_the_numbers_that_it_gave_in_version_0_1_0(kind):
    drawn = _draw(2, 3, seed=7, kind=kind, bias="uniform")
    # As above; the column is drawn after the weights, which take nothing where they are constant.
    first = 0.002317011575293959 if kind == "orthogonal" else DRAWN[kind][0]
    last = 0.039721380096957554 if kind in ("constant", "zeros") else 0.03212284183827663
    np.testing.assert_allclose(drawn[0, 0], first, rtol=_tolerance(kind), atol=0)
    assert drawn[1, 3] == last


def test_the_options_are_the_ones_a_config_may_set_with_their_defaults():
    found = {name: store(INITIALIZERS.choice(name).options) for name in INITIALIZERS.names}
    assert found == {
        "constant": {"bias": None, "value": 0.0},
        "glorot_normal": {"bias": None, "gain": 1.0},
        "glorot_uniform": {"bias": None, "gain": 1.0},
        "he_normal": {"bias": None},
        "he_uniform": {"bias": None},
        "lecun_normal": {"bias": None},
        "normal": {"bias": None, "mean": 0.0, "std": 1.0},
        "orthogonal": {"bias": None, "gain": 1.0},
        "uniform": {"bias": None, "low": -0.05, "high": 0.05},
        "zeros": {"bias": None},
    }

"""Histograms, and the share of saturated outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnpipe.report.distribution import FLAT, histogram, ridges, saturation, thin

SLOPES = {
    # f'(a) by the activation's own value a, and its greatest: f(z) = 1/(1+e^-z), f(z) = tanh z.
    "sigmoid": (lambda a: a * (1 - a), 0.25),
    "tanh": (lambda a: 1 - a * a, 1.0),
}


@pytest.mark.parametrize("activation", FLAT)
def test_flat_is_where_the_slope_is_under_a_tenth_of_its_steepest(activation):
    slope, steepest = SLOPES[activation]
    for end in FLAT[activation]:
        inwards = 0.001 if end < 0.5 else -0.001
        assert slope(end) < steepest / 10
        assert slope(end + 3 * inwards) > steepest / 10


def test_saturation_counts_the_values_beyond_the_ends():
    a = np.array([[0.0, 0.01, 0.5], [0.9, 0.99, np.nan]])
    assert saturation(a, "sigmoid") == pytest.approx(3 / 5)
    assert saturation(np.array([-1.0, -0.5, 0.0, 1.0]), "tanh") == 0.5
    assert saturation(np.array([0.0, 0.0, 3.0, 1.0]), "relu") == 0.5
    assert saturation(a, "softmax") is None
    assert saturation(np.array([np.nan]), "sigmoid") is None


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        hnp.array_shapes(max_dims=2, max_side=30),
        elements=st.floats(width=32),
    )
)
def test_every_finite_value_is_in_a_histogram_and_no_other(values):
    found = histogram("values", values)
    finite = values[np.isfinite(values)]
    if found is None:
        assert not finite.size
        return
    assert math.isclose(found.shares.sum(), 1)
    assert found.edges[0] <= finite.min()
    assert found.edges[-1] >= finite.max()
    assert (np.diff(found.edges) > 0).all()


@pytest.mark.parametrize("value", [0.0, -3.0, 1e-310, 1.7e308, -1.7e308])
def test_equal_values_of_any_size_have_a_histogram(value):
    found = histogram("values", np.full(5, value))
    assert found is not None
    assert math.isclose(found.shares.sum(), 1)


def test_the_range_of_an_activation_is_shown_whole():
    found = histogram("a", np.array([0.4, 0.6]), "sigmoid")
    assert found is not None
    assert (found.edges[0], found.edges[-1], found.flat) == (0.0, 1.0, (0.025, 0.975))


def test_ridges_hold_one_histogram_for_each_column():
    found = ridges("a", np.array([[0.0, 1.0], [0.0, 0.5], [0.0, 1.0]]), ["x", "y"], "sigmoid")
    assert found is not None
    assert found.shares[0, 0] == 1
    assert found.shares[1, -1] == pytest.approx(2 / 3)


@given(st.integers(0, 5000), st.integers(1, 20), st.integers(1, 1000))
def test_thinned_values_are_whole_rows_and_few(rows, width, most):
    values = np.arange(rows * width).reshape(rows, width)
    thinned = thin(values, most)
    assert thinned.size <= max(most, width)
    assert {tuple(row) for row in thinned} <= {tuple(row) for row in values}
    assert bool(len(thinned)) == bool(rows)

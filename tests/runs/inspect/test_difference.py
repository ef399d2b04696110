"""Runs are compared by config, parameters and outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnpipe.runs.inspect.difference import compare, greatest, report


def test_equal_runs_are_identical_and_others_differ_where_they_do(make):
    a, b, c = make(), make(), make(seed=1)
    assert compare(a, b).nothing
    other = compare(a, c)
    assert not other.identical
    assert other.config == {"seed": (0, 1)}
    largest = np.abs(a.outputs[:].astype(float) - c.outputs[:]).max()
    assert other.outputs == {"max": pytest.approx(largest), "first_row": 0, "rows": 20}
    assert "outputs  differ by up to" in report(other, "a", "c")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1.0, 2.0], [1.0, 4.5], 2.5),
        ([math.nan, math.inf], [math.nan, math.inf], 0.0),
        ([math.nan], [1.0], math.inf),
        ([], [], 0.0),
    ],
)
def test_the_greatest_difference_is_infinite_only_if_one_value_is_nan(a, b, expected):
    assert greatest(np.array(a), np.array(b)) == expected

"""The numbers of a page come from its manifest, and only finite ones: facts.py, numbers.py."""

from __future__ import annotations

import math

import pytest

import nnpipe
from nnpipe.report.facts import details_of, facts_of, numbers_in, timings_of, warning_of
from nnpipe.report.numbers import duration, metric_text, share, short
from nnpipe.runs.store.manifest import Manifest


def manifest(**fields):
    return Manifest(status="complete", started="then", ended="now", **fields)


@pytest.fixture
def network():
    return nnpipe.build({"inputs": 3, "sizes": [2]})


def test_the_metrics_of_an_evaluation_come_before_those_of_training(network):
    evaluated = manifest(
        metrics={"samples": 10, "accuracy": 1.0, "evaluation": {"input": "test", "accuracy": 0.5}},
        seconds={"infer": 0.5, "total": 2.0},
    )
    assert facts_of(evaluated, network) == [
        ("accuracy, test", "50.0 %"),
        ("samples", "10"),
        ("samples a second", "20"),
        ("parameters", "8"),
        ("time", "2 s"),
    ]


def test_numbers_that_are_not_finite_are_left_out():
    values = {"a": math.nan, "b": 10**400, "c": "3", "d": True, "e": 2}
    assert numbers_in(values) == {"e": 2.0}
    assert numbers_in([1]) == {}


def test_the_rest_of_the_total_time_is_a_phase_of_its_own():
    bars = timings_of(manifest(seconds={"open": 1.0, "infer": 2.0, "total": 4.0}))
    assert dict(zip(bars.names, bars.values, strict=True)) == {"open": 1, "infer": 2, "other": 1}
    assert bars.texts[1] == "2 s · 50.0 %"


def test_a_warning_names_the_first_row_that_is_not_finite():
    found = warning_of(manifest(metrics={"nonfinite_inputs": 1200, "first_nonfinite_row": 7}))
    assert found == "1,200 values of the input are not finite; the first is in row 7."
    assert warning_of(manifest()) == ""


def test_details_name_the_input_and_leave_out_what_is_not_known():
    details = dict(details_of(manifest(input={"path": "x.h5", "shape": [3, 2], "dtype": "int8"})))
    assert details["input"] == "x.h5 (3 × 2, int8)"
    assert "seed" not in details


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (short(math.inf), "inf"),
        (share(0.9999), "> 99.9 %"),
        (share(0.001), "0.1 %"),
        (duration(59.99), "60 s"),
        (duration(3600), "1 h 0 min"),
        (metric_text("evaluation.accuracy", 1.0), "100 %"),
        (metric_text("loss", 0.123456), "0.1235"),
    ],
)
def test_numbers_are_rounded_for_people(text, expected):
    assert text == expected

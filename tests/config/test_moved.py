"""A former key of a config means what its new name means."""

from collections import UserDict

import pytest

from nnpipe.config.moved import move_keys
from nnpipe.pipeline.load import find_problems, read_config
from nnpipe.runs.options import OutputOptions

TWICE = (
    "output.figure: output.metric is its new name and has another value; "
    "found 'a' and 'b'; expected only output.metric"
)


@pytest.mark.parametrize(
    ("output", "metric"),
    [
        ({"figure": "accuracy"}, "accuracy"),
        ({"figure": "accuracy", "metric": None}, "accuracy"),
        ({"figure": "accuracy", "metric": "accuracy"}, "accuracy"),
        ({"figure": None, "metric": "accuracy"}, "accuracy"),
        ({"figure": None}, None),
    ],
)
def test_the_metric_of_a_sweep_can_have_its_former_name(output, metric):
    assert read_config({"output": output}).output == OutputOptions(metric=metric)


def test_a_former_key_that_contradicts_the_new_one_is_reported_beside_all_other_problems():
    given = {"output": {"figure": "a", "metric": "b"}, "seed": "x"}
    assert find_problems(given) == [TWICE, "seed: found 'x'; expected an integer"]


def test_a_former_key_of_the_wrong_type_is_reported_by_its_new_name():
    refused = ["output.metric: found [3]; expected a string"]
    assert find_problems({"output": {"figure": [3]}}) == refused


def test_what_is_given_does_not_change():
    given = {"output": UserDict({"figure": "a", "name": "b"})}
    assert move_keys(given) == ({"output": {"name": "b", "metric": "a"}}, [])
    assert given == {"output": {"figure": "a", "name": "b"}}


@pytest.mark.parametrize("output", [None, 3, "figure", ["figure"], OutputOptions(metric="a"), {}])
def test_a_section_without_a_former_key_stays_as_it_is(output):
    assert move_keys({"output": output, "seed": 1}) == ({"output": output, "seed": 1}, [])

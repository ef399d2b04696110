"""What a kind is: choices that are values, limits in words, and defaults of their own.

Modules: config/options.py.
"""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.config.kind import Choice, Kind, NoOptions
from nnpipe.config.options import Limits, check_order, choice, option
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.initializers import INITIALIZERS


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"at_least": 0}, "0 or greater"),
        ({"above": 0}, "more than 0"),
        ({"at_most": 1}, "1 or less"),
        ({"below": 1}, "below 1"),
        ({"at_least": 0, "below": 1}, "0 or greater, below 1"),
        ({"above": 0, "at_most": 0.5}, "more than 0, 0.5 or less"),
        ({"above": 0, "below": 1}, "more than 0, below 1"),
        ({"at_least": 1, "at_most": 2**53}, "1 to 9007199254740992"),
    ],
)
def test_limits_are_said_in_words(limits, text):
    assert str(Limits(**limits)) == text


@given(
    st.sampled_from(["at_least", "above"]),
    st.sampled_from(["at_most", "below"]),
    st.floats(-10, 10),
)
def test_a_number_is_refused_exactly_where_it_is_out_of_its_limits(low, high, value):
    limits = Limits(**{low: -2, high: 3})
    right = value >= -2 if low == "at_least" else value > -2
    right &= value <= 3 if high == "at_most" else value < 3
    assert limits.refusal(value) == (None if right else str(limits))


def test_nan_is_within_no_limits():
    nan = float("nan")
    for name in ("at_least", "above", "below", "at_most"):
        assert Limits(**{name: 0}).refusal(nan) is not None
    assert Limits().refusal(nan) is None


def test_a_word_is_one_of_those_that_are_named():
    limits = Limits(among=("warn", "error"))
    assert limits.refusal("warn") is None
    assert limits.refusal("wran") == "one of warn, error"
    assert Limits().refusal("anything") is None


def test_choices_are_equal_by_their_kind_and_their_options():
    first = ACTIVATIONS.choice("leaky_relu", slope=0.3)
    assert first == ACTIVATIONS.choice("leaky_relu", slope=0.3)
    assert first != ACTIVATIONS.choice("leaky_relu")
    assert ACTIVATIONS.choice("relu") != ACTIVATIONS.choice("tanh")
    assert repr(first) == "Choice(kind='leaky_relu', options=LeakyReluOptions(slope=0.3))"


def test_a_choice_and_its_options_cannot_be_changed():
    chosen = ACTIVATIONS.choice("leaky_relu")
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.kind = "relu"
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.options.slope = 0.5


def test_a_kind_makes_what_its_options_say():
    doubled = Kind(NoOptions, lambda options: [options, options])
    assert Choice("doubled", NoOptions(), doubled).make() == [NoOptions(), NoOptions()]
    assert list(doubled.check(NoOptions(), "key")) == []


def test_the_default_of_a_choice_is_looked_up_when_it_is_first_needed():
    @dataclasses.dataclass(frozen=True)
    class Options:
        start: Choice = choice(INITIALIZERS, "zeros", "how it starts")
        end: Choice | None = choice(INITIALIZERS, None, "how it ends")
        length: float = option(2.0, "in m", above=0)

    assert Options() == Options(INITIALIZERS.choice("zeros"), None, 2.0)
    field, _, _ = dataclasses.fields(Options)
    assert field.metadata["doc"] == "how it starts"
    assert field.metadata["registry"] is INITIALIZERS


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0)])
def test_a_range_without_numbers_in_it_is_one_problem(low, high):
    assert list(check_order(low, high, "a.b")) == [
        f"a.b.high: found {high}; expected more than low, which is {low}"
    ]
    assert list(check_order(0.0, 1.0, "a.b")) == []

"""How a declared stack is checked, and what training leaves of it."""

from __future__ import annotations

import pytest

from nnpipe.network.layers import LAYERS
from nnpipe.network.stack import check_stack, last_activation, lasting
from tests.strategies import dense, every_kind, residual

NORM, BATCH_NORM, DROP = (LAYERS.choice(k) for k in ("layer_norm", "batch_norm", "dropout"))
LETTERS = "a letter, then letters, digits and '_', at most 64 in all, and not 'all'"
END = "at the end; expected it before a layer with neurons. Remove it or move it."


@pytest.mark.parametrize(
    ("stack", "problems"),
    [
        (every_kind(), []),
        ({"a": NORM}, []),
        ({"drop": DROP, "norm": BATCH_NORM, "a": dense(1)}, []),
        ({}, ["stack: found no layer; expected at least one"]),
        ({"all": NORM}, [f"stack: 'all' cannot name a layer; expected {LETTERS}"]),
        (
            {"a.b": NORM, "": NORM, "1a": NORM},
            [
                f"stack: {name!r} cannot name a layer; expected {LETTERS}"
                for name in ("a.b", "", "1a")
            ],
        ),
        ({"a": NORM, "drop": DROP}, [f"stack.drop: found dropout {END}"]),
        ({"a": NORM, "norm": BATCH_NORM}, [f"stack.norm: found batch_norm {END}"]),
        (
            {"a": dense(1), "norm": BATCH_NORM, "drop": DROP},
            [f"stack.norm: found batch_norm {END}", f"stack.drop: found dropout {END}"],
        ),
        (
            {"d": DROP, "e": DROP, "a": dense(1)},
            [
                "stack.d: found dropout before dropout; expected it before a layer with neurons. "
                "Remove it or move it."
            ],
        ),
        (
            {"norm": BATCH_NORM, "drop": DROP, "a": NORM},
            [
                "stack.norm: found batch_norm before layer_norm; expected it before a dense layer. "
                "Remove it or move it."
            ],
        ),
        (
            {"norm": BATCH_NORM, "a": residual(b=NORM)},
            [
                "stack.norm: found batch_norm before residual; expected it before a dense layer. "
                "Remove it or move it."
            ],
        ),
        (
            {"norm": BATCH_NORM},
            [
                "stack: found no layer; expected at least one",
                f"stack.norm: found batch_norm {END}",
            ],
        ),
    ],
)
def test_the_problems_of_a_stack_are_named_one_a_line(stack, problems):
    assert list(check_stack(stack, "stack")) == problems


def test_inner_layers_may_end_with_dropout_but_not_with_batch_normalization():
    stack = {"a": dense(1), "last": DROP}
    assert list(check_stack(stack, "stack", inner=True)) == []
    stack["last"] = BATCH_NORM
    assert list(check_stack(stack, "stack", inner=True)) == [f"stack.last: found batch_norm {END}"]


def test_training_leaves_no_dropout_and_no_batch_normalization_wherever_they_are():
    left = lasting(every_kind())
    assert list(left) == ["hidden", "norm", "block", "deep", "output"]
    assert list(left["block"].options.layers) == ["wide", "out"]
    assert list(left["deep"].options.layers["inner"].options.layers) == ["last"]
    assert lasting(left) == left
    assert last_activation({**left, "end": NORM}) == "linear"
    assert (last_activation(left), last_activation({"drop": DROP})) == ("softmax", "")

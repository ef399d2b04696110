"""A chain of layers: how it is checked, what its layers draw, and what training leaves.

Modules: network/stack.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.errors import DataError
from nnpipe.network.build import build, estimate
from nnpipe.network.chain import Chain
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


def test_a_network_is_built_without_what_training_removes_and_has_the_estimated_size():
    stack = every_kind()
    network = build(stack, inputs=6, seed=0, dtype="float32")
    assert network.stack == lasting(stack)
    assert network.parameter_count == 3 * 7 + 6 + (2 * 4 + 3 * 3) + (6 + 3 * 4) + 3 * 4
    assert estimate(stack, 6, "float32") == network.nbytes == 4 * network.parameter_count
    assert repr(network) == "<Network 6-3-3-3-3-3, 74 parameters, float32>"
    assert network.widths == [3, 3, 2, 3, 3, 3, 3, 3, 3, 3]


def test_an_inner_layer_added_later_changes_no_other_one_of_the_same_shape():
    def drawn(seed=0, **layers):
        stack = {"block": residual(**layers), "other": residual(**layers)}
        return build(stack, inputs=4, seed=seed, dtype="float64").arrays

    before = drawn(a=dense(4), c=dense(4))
    after = drawn(a=dense(4), norm=NORM, b=dense(4), drop=DROP, c=dense(4))
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])
    # Every matrix has its own numbers, by the names of its layer and of its block, and the seed.
    matrices = [*before.values(), *drawn(1, a=dense(4), c=dense(4)).values()]
    assert len({matrix.tobytes() for matrix in matrices}) == 8


def test_a_block_of_another_width_is_refused_with_its_key():
    stack = {"a": residual(b=residual(c=dense(5), d=dense(3)), e=NORM), "f": dense(2)}
    expected = "expected 4, as many as inputs, because they are added to these"
    for make in (Chain.of(stack).outputs, lambda n: build(stack, n, seed=0, dtype="float32")):
        with pytest.raises(DataError) as caught:
            make(4)
        assert str(caught.value) == f"layers.a.layers.b.layers: found 3 outputs; {expected}"

"""A chain of layers: what its layers draw, their sizes, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.errors import ConfigError, DataError
from nnpipe.network.build import build, estimate
from nnpipe.network.chain import Chain
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import LayerKind
from nnpipe.network.stack import lasting
from tests.strategies import dense, every_kind, residual

NORM, DROP = LAYERS.choice("layer_norm"), LAYERS.choice("dropout")


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
    expected = (
        "layers.a.layers.b.layers: found 3 outputs; "
        "expected 4, as many as inputs, because they are added to these"
    )
    with pytest.raises(DataError) as caught:
        Chain.of(stack).outputs(4)
    assert str(caught.value) == expected
    with pytest.raises(ConfigError) as refused:
        build(stack, 4, seed=0, dtype="float32")
    assert str(refused.value) == f"architecture.{expected}"


def test_initial_numbers_beyond_the_dtype_are_refused_with_the_key_of_their_layer():
    large = LAYERS.choice("dense", neurons=4, initializer=INITIALIZERS.choice("normal", std=1e300))
    with pytest.raises(ConfigError) as refused:
        build({"a": residual(b=residual(c=large))}, 4, seed=0, dtype="float32")
    assert str(refused.value) == (
        "architecture.layers.a.layers.b.layers.c: its initial numbers are too large for float32; "
        "expected an initializer with smaller options"
    )


class Square(LayerKind):
    """A layer without arrays, which remembers how often it is asked for its outputs."""

    def __init__(self):
        self.asked = 0

    def outputs(self, inputs):
        self.asked += 1
        return inputs

    def formula(self, arrays, x):
        return x**2


def test_layers_without_arrays_are_a_chain():
    x, out = np.array([[1.0, 2.0], [3.0, 4.0]]), np.empty((2, 2))
    Chain({"a": Square(), "b": Square()}).inference({}, 2)(x, out)
    np.testing.assert_array_equal(out, x**4)


def test_a_chain_within_chains_is_asked_once_for_its_outputs():
    square = chain = Square()
    for _ in range(5):
        chain = Chain({"inner": chain})
    assert chain.outputs(3) == 3
    assert square.asked == 1

"""Building: the article's example, streams by layer name, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from nnpipe.errors import ConfigError, DataError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build, estimate
from nnpipe.network.initializers import INITIALIZERS
from tests.strategies import dense, dtypes, stacks


def mlp(*sizes):
    return ARCHITECTURES.choice("mlp", sizes=list(sizes)).make()


def test_the_example_of_the_article_has_its_shapes_and_answers_between_zero_and_one():
    network = build(mlp(100, 50, 10, 5), inputs=784, seed=0, dtype="float64")
    shapes = [layer.parameters.shape for layer in network.layers]
    assert shapes == [(100, 785), (50, 101), (10, 51), (5, 11)]
    outputs = network(np.random.default_rng(0).random(784))
    assert outputs.shape == (5,)
    assert ((outputs > 0) & (outputs < 1)).all()


def test_by_default_every_parameter_is_standard_normal_the_bias_included():
    layer = build(mlp(2000, 1), inputs=50, seed=0, dtype="float64").layers[0]
    for part in (layer.parameters[:, :-1], layer.parameters[:, -1]):
        assert part.mean() == pytest.approx(0, abs=5 / np.sqrt(part.size))
        assert part.var() == pytest.approx(1, rel=0.2)


def test_one_seed_gives_one_network_and_another_seed_another():
    first, same, other = (
        build(mlp(3), inputs=2, seed=seed, dtype="float64").layers[0].parameters
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, same)
    assert not (first == other).any()


def test_a_layer_added_later_changes_no_other_layer_of_the_same_shape():
    def stack(*names):
        layers = {name: dense(4) for name in names}
        network = build(layers, inputs=4, seed=0, dtype="float64")
        return {layer.name: layer.parameters for layer in network.layers}

    before, after = stack("a", "c"), stack("a", "b", "c")
    np.testing.assert_array_equal(before["a"], after["a"])
    np.testing.assert_array_equal(before["c"], after["c"])
    assert not (after["a"] == after["b"]).any()


def test_every_layer_takes_its_own_activation_and_initializer():
    stack = {
        "first": dense(2, "relu", "constant", value=0.5),
        "last": dense(1, "linear", "zeros", bias=INITIALIZERS.choice("constant", value=0.25)),
    }
    first, last = build(stack, inputs=2, seed=0, dtype="float32").layers
    assert (first.activation, last.activation) == ("relu", "linear")
    np.testing.assert_array_equal(first.parameters, np.full((2, 3), 0.5))
    np.testing.assert_array_equal(last.parameters, [[0, 0, 0.25]])


def test_a_uniform_architecture_has_depth_hidden_layers_and_an_output():
    softmax = ACTIVATIONS.choice("softmax")
    architecture = ARCHITECTURES.choice(
        "uniform", width=6, depth=2, outputs=3, output_activation=softmax
    )
    network = build(architecture.make(), inputs=4, seed=0, dtype="float32")
    described = [(layer.name, layer.outputs, layer.activation) for layer in network.layers]
    assert described == [
        ("hidden1", 6, "sigmoid"),
        ("hidden2", 6, "sigmoid"),
        ("output", 3, "softmax"),
    ]


@settings(deadline=None)
@given(stacks(), dtypes)
def test_the_estimate_is_what_the_parameters_take(stack, dtype):
    layers, inputs = stack.make(), stack.options.inputs
    network = build(layers, inputs, seed=0, dtype=dtype)
    assert estimate(layers, inputs, dtype) == network.nbytes
    assert all(array.flags.c_contiguous for array in network.arrays.values())


def test_the_estimate_of_an_impossible_network_is_exact_and_allocates_nothing():
    needed = 8 * (11 * 10**12 + 10**12 * (10**12 + 1))
    assert estimate(mlp(10**12, 10**12), 10, "float64") == needed


def test_the_layers_of_a_run_are_not_built_anew():
    stored = ARCHITECTURES.choice("from_run", run="outputs/default/v0001").make()
    with pytest.raises(DataError) as caught:
        build(stored, inputs=3, seed=0, dtype="float32")
    assert str(caught.value) == "layers: found none; expected at least one"


@pytest.mark.parametrize(
    ("initializer", "options"),
    [
        ("constant", {"value": 1e39}),
        ("normal", {"std": 1e39, "bias": INITIALIZERS.choice("zeros")}),
        ("uniform", {"low": -1.7e308, "high": 1.7e308}),
    ],
)
def test_parameters_beyond_the_dtype_are_refused(initializer, options):
    stack = {"only": dense(2, "linear", initializer, **options)}
    with pytest.raises(ConfigError) as caught:
        build(stack, inputs=2, seed=0, dtype="float32")
    assert str(caught.value) == (
        "architecture.layers.only: its initial numbers are too large for float32; "
        "expected an initializer with smaller options"
    )

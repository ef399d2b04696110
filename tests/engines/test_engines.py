"""Every engine computes the formula.

Modules: engines/base.py, engines/reference.py, engines/tiles.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.engines import ENGINES
from nnpipe.network.build import build
from tests.strategies import ACTIVATION_NAMES, dense, every_kind

BOUNDS = {"float32": 2e-6, "float64": 1e-13}


def oracle(network, x):
    """The article's recursion in float64, written out for sigmoid layers."""
    o = np.asarray(x, np.float64).T
    for layer in network.layers:
        with_bias = np.vstack([o, np.ones(o.shape[1])])
        o = 1 / (1 + np.exp(-(layer.parameters.astype(np.float64) @ with_bias)))
    return o.T


def sigmoid_network(sizes, inputs, dtype, seed):
    layers = {f"layer{i}": dense(n) for i, n in enumerate(sizes)}
    return build(layers, inputs, seed, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ENGINES.built_in)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    inputs=st.integers(1, 30),
    samples=st.integers(0, 70),
    seed=st.integers(0, 1000),
)
def test_outputs_are_those_of_the_formula_in_float64(kind, dtype, sizes, inputs, samples, seed):
    network = sigmoid_network(sizes, inputs, dtype, seed)
    x = np.random.default_rng(seed).standard_normal((samples, inputs)).astype(dtype)
    outputs, _ = ENGINES.choice(kind).make()(network).forward(x)
    assert outputs.shape == (samples, sizes[-1])
    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs, oracle(network, x), rtol=0, atol=BOUNDS[dtype])


@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@pytest.mark.parametrize("kind", ENGINES.built_in)
def test_activations_of_each_layer_can_be_kept(kind, activation):
    layers = {"first": dense(7, activation), "second": dense(4, activation)}
    network = build(layers, 5, 3, "float64")
    x = np.random.default_rng(0).standard_normal((300, 5))
    outputs, kept = ENGINES.choice(kind).make()(network).forward(x, ["first", "second"])
    first = network.layers[0](x)
    np.testing.assert_allclose(kept["first"], first, rtol=0, atol=1e-13)
    np.testing.assert_allclose(kept["second"], network.layers[1](first), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(kept["second"], outputs)


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("kind", ENGINES.built_in)
@pytest.mark.parametrize("rows", [1, 300])
def test_every_kind_of_layer_is_executed_as_its_formula(kind, dtype, bound, rows):
    network = build(every_kind("sigmoid"), 5, 3, dtype)
    x = np.random.default_rng(0).standard_normal((rows, 5)).astype(dtype)
    names = [layer.name for layer in network.layers]
    outputs, kept = ENGINES.choice(kind).make()(network).forward(x, names)
    assert list(kept) == names
    expected = x.astype("float64")
    for layer in network.astype("float64").layers:
        expected = layer(expected)
        np.testing.assert_allclose(kept[layer.name], expected, rtol=bound, atol=bound)
    np.testing.assert_array_equal(kept["output"], outputs)


@pytest.mark.parametrize("kind", ENGINES.built_in)
def test_the_input_is_not_changed(kind):
    network = sigmoid_network([3, 3], 3, "float64", 0)
    x = np.random.default_rng(0).standard_normal((5, 3))
    before = x.copy()
    ENGINES.choice(kind).make()(network).forward(x, ["layer0"])
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("kind", ENGINES.built_in)
def test_the_same_call_gives_the_same_bits(kind):
    network = sigmoid_network([64, 10], 50, "float32", 0)
    x = np.random.default_rng(0).standard_normal((5000, 50)).astype(np.float32)
    engine = ENGINES.choice(kind).make()(network)
    first, _ = engine.forward(x)
    second, _ = engine.forward(x)
    assert first.tobytes() == second.tobytes()

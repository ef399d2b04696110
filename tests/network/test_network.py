"""A network against the recursion in float64, and what it accepts and refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnpipe.errors import DataError
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build
from nnpipe.network.layer import Layer
from nnpipe.network.layers import LAYERS
from nnpipe.network.network import Network, formula
from tests.strategies import batches, dense, dtypes, stacks


def _layer(name, neurons, inputs, dtype="float64"):
    matrix = np.ones((neurons, inputs + 1), dtype)
    return Layer(name, dense(neurons, "tanh"), inputs, {"parameters": matrix})


def _norm(inputs, dtype="float64"):
    arrays = {name: np.ones(inputs, dtype) for name in ("gain", "shift")}
    return Layer("norm", LAYERS.choice("layer_norm"), inputs, arrays)


@pytest.fixture
def network():
    return build(
        ARCHITECTURES.choice("mlp", sizes=[4, 2]).make(), inputs=3, seed=0, dtype="float32"
    )


def test_two_sigmoid_layers_agree_with_the_recursion_written_in_plain_python():
    network = build(
        ARCHITECTURES.choice("mlp", sizes=[3, 2]).make(), inputs=4, seed=1, dtype="float64"
    )
    x = [0.5, -1.0, 2.0, 0.0]
    values = x
    for layer in network.layers:
        values = [
            1 / (1 + math.exp(-sum(p * v for p, v in zip(row, [*values, 1.0], strict=True))))
            for row in layer.parameters.tolist()
        ]
    np.testing.assert_allclose(network(x), values, rtol=1e-14)


@settings(deadline=None)
@given(st.data(), stacks(), dtypes)
def test_any_batch_gives_one_row_a_sample_in_the_dtype_of_the_network(data, stack, dtype):
    network = build(stack.make(), stack.options.inputs, seed=0, dtype=dtype)
    x = data.draw(batches(network.inputs, dtype))
    outputs = network(x)
    assert outputs.shape == (len(x), network.outputs)
    assert outputs.dtype == network.dtype == dtype
    np.testing.assert_array_equal(outputs, formula(network, x))
    # BLAS may add in another order for one row than for many.
    tolerance = 1e-3 if dtype == "float32" else 1e-11
    for sample, row in zip(x, outputs, strict=True):
        np.testing.assert_allclose(network(sample), row, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "x",
    [
        [[1, 2, 3]],
        [[True, False, True]],
        np.ones((1, 3), np.uint8),
        np.ones((1, 3), np.float16),
        np.ones((1, 3), ">f8"),
        np.ones((3, 1), np.float64, order="F").T,
    ],
)
def test_real_numbers_of_any_kind_are_taken_and_computed_in_its_own_dtype(network, x):
    outputs = network(x)
    assert outputs.dtype == np.float32
    np.testing.assert_array_equal(outputs, network(np.array(x, np.float32)))


def test_one_sample_gives_one_row_without_the_sample_axis(network):
    assert network([1.0, 2.0, 3.0]).shape == (2,)


def test_the_input_is_left_as_it_was(network):
    x = np.ones((2, 3), np.float32)
    network(x)
    np.testing.assert_array_equal(x, 1)


@pytest.mark.parametrize("shape", [(), (4,), (2, 4), (2, 2, 3), (3, 0)])
def test_samples_of_another_width_are_refused(network, shape):
    with pytest.raises(DataError) as caught:
        network(np.zeros(shape))
    assert str(caught.value) == f"x: found shape {shape}; expected (3,) or (samples, 3)"


@pytest.mark.parametrize(
    ("x", "dtype"), [([1j, 0, 0], "complex128"), (["a", "b", "c"], "<U1"), ([None] * 3, "object")]
)
def test_what_is_not_a_real_number_is_refused(network, x, dtype):
    with pytest.raises(DataError) as caught:
        network(x)
    assert str(caught.value) == f"x: found dtype {dtype}; expected real numbers"


def test_ragged_rows_are_refused(network):
    with pytest.raises(DataError) as caught:
        network([[1, 2, 3], [1, 2]])
    assert str(caught.value) == (
        "x: found rows of different lengths; expected an array of real numbers"
    )


def test_calling_it_executes_it_the_way_it_was_given(network):
    seen = []

    def prepare(network):
        seen.append(network)
        return lambda x: (seen.append((x.dtype, x.shape)), formula(network, x))[1]

    other = Network(network.layers, prepare)
    for _ in range(2):
        np.testing.assert_array_equal(other([[1, 2, 3]]), network([[1, 2, 3]]))
    assert seen == [other, *[(np.dtype("float32"), (1, 3))] * 2]


def test_it_knows_its_size(network):
    assert (network.inputs, network.outputs) == (3, 2)
    assert network.parameter_count == 4 * 4 + 2 * 5
    assert network.nbytes == 4 * (4 * 4 + 2 * 5)
    assert repr(network) == "<Network 3-4-2, 26 parameters, float32>"


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "layers: found none; expected at least one"),
        (
            (_layer("a", 4, 3), _layer("b", 2, 5)),
            "layers.b: found 5 inputs; expected 4, the outputs of 'a'",
        ),
        (
            (_layer("a", 4, 3), _layer("b", 2, 4, "float32")),
            "layers.b.parameters: found float32; expected float64, as before it",
        ),
        (
            (_layer("a", 4, 3), _norm(4, "float32")),
            "layers.norm.gain: found float32; expected float64, as before it",
        ),
        (
            (Layer("drop", LAYERS.choice("dropout"), 3, {}),),
            "layers: found none with parameters; expected at least one",
        ),
        (
            (_layer("a", 4, 3), _layer("a", 2, 4)),
            "layers: found two named 'a'; expected different names",
        ),
    ],
)
def test_layers_that_do_not_fit_each_other_are_refused(layers, message):
    with pytest.raises(DataError) as caught:
        Network(layers)
    assert str(caught.value) == message

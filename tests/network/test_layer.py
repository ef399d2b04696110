"""A layer against its formula in homogeneous coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.errors import DataError
from nnpipe.network.layer import Layer
from nnpipe.network.layers import LAYERS
from tests.strategies import dense


def _layer(parameters, neurons=3, inputs=4):
    return Layer("hidden1", dense(neurons, "tanh"), inputs, {"parameters": parameters})


def test_its_output_is_f_of_p_times_x_and_one():
    generator = np.random.default_rng(0)
    parameters, x = generator.normal(size=(3, 5)), generator.normal(size=(7, 4))
    # The article's form: a sample is a column with a 1 below it.
    columns = np.vstack([x.T, np.ones(7)])
    expected = np.tanh(np.einsum("ij,js->is", parameters, columns)).T
    np.testing.assert_allclose(_layer(parameters)(x), expected, rtol=1e-13)


def test_its_arrays_are_read_only_views_of_the_given_ones():
    given = np.arange(8.0).reshape(2, 4)
    layer = _layer(given, 2, 3)
    assert (layer.kind, layer.inputs, layer.outputs, layer.activation) == ("dense", 3, 2, "tanh")
    assert layer.parameter_count == 8
    assert list(layer.arrays) == ["parameters"]
    assert layer.parameters is layer.arrays["parameters"]
    assert np.shares_memory(layer.parameters, given)
    assert not layer.parameters.flags.writeable
    assert given.flags.writeable
    weights, bias = (
        layer.transform.weights(layer.arrays)[0],
        layer.transform.biases(layer.arrays)[0],
    )
    np.testing.assert_array_equal(weights, [[0, 1, 2], [4, 5, 6]])
    np.testing.assert_array_equal(bias, [3, 7])
    assert np.shares_memory(weights, given)
    assert np.shares_memory(bias, given)


@pytest.mark.parametrize("shape", [(), (3,), (3, 5, 4), (0, 5), (3, 4), (4, 5)])
def test_parameters_that_are_no_matrix_of_neurons_and_inputs_are_refused(shape):
    with pytest.raises(DataError) as caught:
        _layer(np.zeros(shape))
    assert str(caught.value) == f"layers.hidden1.parameters: found {shape}; expected (3, 5)"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "layers.norm.gain: found no array; expected (2,)"),
        ({"gain": 2}, "layers.norm.shift: found no array; expected (2,)"),
        ({"gain": 2, "shift": 2, "other": 1}, "layers.norm.other: found (1,); expected no array"),
    ],
)
def test_a_missing_array_and_one_too_many_are_refused(arrays, message):
    with pytest.raises(DataError) as caught:
        Layer("norm", LAYERS.choice("layer_norm"), 2, {k: np.ones(n) for k, n in arrays.items()})
    assert str(caught.value) == message


def test_a_layer_without_a_matrix_names_the_arrays_that_it_has():
    layer = Layer("norm", LAYERS.choice("layer_norm"), 2, {"gain": np.ones(2), "shift": np.ones(2)})
    assert (layer.activation, layer.parameter_count) == ("linear", 4)
    with pytest.raises(AttributeError) as caught:
        _ = layer.parameters
    assert str(caught.value) == (
        "the layer 'norm' of the kind 'layer_norm' has the arrays: gain, shift"
    )

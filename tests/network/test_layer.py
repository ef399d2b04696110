"""A layer against its formula in homogeneous coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.errors import DataError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.layer import Layer


def _layer(parameters, activation="tanh"):
    return Layer.of("hidden1", parameters, ACTIVATIONS.choice(activation))


def test_its_output_is_f_of_p_times_x_and_one():
    generator = np.random.default_rng(0)
    parameters, x = generator.normal(size=(3, 5)), generator.normal(size=(7, 4))
    # The article's form: a sample is a column with a 1 below it.
    columns = np.vstack([x.T, np.ones(7)])
    expected = np.tanh(np.einsum("ij,js->is", parameters, columns)).T
    np.testing.assert_allclose(_layer(parameters)(x), expected, rtol=1e-13)


def test_weights_and_bias_are_views_of_the_parameter_matrix():
    parameters = np.arange(8.0).reshape(2, 4)
    layer = _layer(parameters)
    assert (layer.inputs, layer.neurons) == (3, 2)
    np.testing.assert_array_equal(layer.weights, [[0, 1, 2], [4, 5, 6]])
    np.testing.assert_array_equal(layer.bias, [3, 7])
    assert np.shares_memory(layer.weights, parameters)
    assert np.shares_memory(layer.bias, parameters)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4), (0, 3), (3, 1)])
def test_parameters_that_are_no_matrix_of_neurons_and_inputs_are_refused(shape):
    with pytest.raises(DataError) as caught:
        _layer(np.zeros(shape))
    assert str(caught.value) == (
        f"layers.hidden1: found parameters of shape {shape}; "
        "expected (neurons, inputs + 1), with at least one neuron and one input"
    )

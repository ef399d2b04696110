"""Build the network declared by an architecture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnpipe.errors import ConfigError
from nnpipe.network.activations.base import Array
from nnpipe.network.architectures.base import Stack, dense_layers
from nnpipe.network.initializers.base import initialize
from nnpipe.network.layer import Layer
from nnpipe.network.layers.dense import DenseOptions
from nnpipe.network.network import Network, Prepare, plain
from nnpipe.system.seeding import named_stream


def build(
    stack: Stack, inputs: int, seed: int, dtype: DTypeLike, prepare: Prepare = plain
) -> Network:
    """Return a network with parameters drawn from the seed.

    Each layer draws from its own stream, derived from its name. So adding or removing a layer does
    not change the parameters of other layers with the same shape.

    Parameters
    ----------
    stack : Stack
        The layers. Layers without neurons are left out.
    inputs : int
        The number of features of a sample.
    seed : int
        0 or greater.
    dtype : float32 or float64
    prepare : Prepare
        Makes the function that executes the network: the formula, or an engine.

    Raises
    ------
    ConfigError
        If an initializer draws a number too large for the dtype.

    >>> from nnpipe.network.architectures.mlp import MlpOptions
    >>> build(MlpOptions().stack([100, 50, 10, 5]), inputs=784, seed=0, dtype="float32")
    <Network 784-100-50-10-5, 84,115 parameters, float32>
    """
    layers: list[Layer] = []
    for name, layer in dense_layers(stack).items():
        parameters = _parameters(name, layer, inputs, seed, np.dtype(dtype))
        layers.append(Layer.of(name, parameters, layer.activation))
        inputs = layer.neurons
    return Network(tuple(layers), prepare)


def estimate(stack: Stack, inputs: int, dtype: DTypeLike) -> int:
    """Return the size of the parameters in bytes, without allocating them.

    >>> from nnpipe.network.architectures.mlp import MlpOptions
    >>> estimate(MlpOptions().stack([10**12]), inputs=784, dtype="float32")
    3140000000000000
    """
    count = 0
    for layer in dense_layers(stack).values():
        count += layer.neurons * (inputs + 1)
        inputs = layer.neurons
    return count * np.dtype(dtype).itemsize


def _parameters(
    name: str, layer: DenseOptions, inputs: int, seed: int, dtype: np.dtype[Any]
) -> Array:
    stream = named_stream(seed, "parameters", name)
    try:
        with np.errstate(over="raise"):
            return initialize(layer.initializer, stream, layer.neurons, inputs, dtype)
    except (FloatingPointError, OverflowError) as error:
        problem = (
            f"architecture.layers.{name}.initializer: {layer.initializer.kind!r} draws numbers "
            f"that are too large for {dtype}; expected smaller options"
        )
        raise ConfigError([problem]) from error

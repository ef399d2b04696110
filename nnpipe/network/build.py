"""Build the network that an architecture declares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnpipe.config.layers import stack_of
from nnpipe.config.schema import (
    ArchitectureConfig,
    FromRunConfig,
    InitializerConfig,
    LayerConfig,
)
from nnpipe.errors import ConfigError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Array
from nnpipe.network.initializers import initialize
from nnpipe.network.layer import Layer
from nnpipe.network.network import Network, Prepare, plain
from nnpipe.system.seeding import named_stream


def build(
    architecture: ArchitectureConfig,
    inputs: int,
    seed: int,
    dtype: DTypeLike,
    prepare: Prepare = plain,
) -> Network:
    """Return the network, its parameters drawn from the seed.

    Each layer draws from its own stream, told by its name, so that a layer that is added or
    taken away changes the parameters of no other layer of the same shape.

    Parameters
    ----------
    architecture : ArchitectureConfig
        A checked `mlp`, `uniform` or `stack`.
    inputs : int
        The number of features of a sample.
    seed : int
        0 or greater.
    dtype : float32 or float64
    prepare : Prepare
        What executes the network when it is called: the formula, or an engine.

    Raises
    ------
    ConfigError
        If a name is unknown, if the architecture is `from_run`, or if an initializer's numbers
        are too large for the dtype.

    >>> from nnpipe.config.schema import MlpConfig
    >>> build(MlpConfig(sizes=[100, 50, 10, 5]), inputs=784, seed=0, dtype="float32")
    <Network 784-100-50-10-5, 84,115 parameters, float32>
    """
    if isinstance(architecture, FromRunConfig):
        problem = "architecture.kind: found 'from_run'; its layers are stored, and not built anew"
        raise ConfigError([problem])
    layers: list[Layer] = []
    for name, layer in stack_of(architecture).items():
        parameters = _parameters(name, layer, inputs, seed, np.dtype(dtype))
        layers.append(Layer(name, parameters, layer.activation, ACTIVATIONS.load(layer.activation)))
        inputs = layer.neurons
    return Network(tuple(layers), prepare)


def estimate(architecture: ArchitectureConfig, inputs: int, dtype: DTypeLike) -> int:
    """Return the bytes that the parameters would take, allocating nothing.

    >>> from nnpipe.config.schema import MlpConfig
    >>> estimate(MlpConfig(sizes=[10**12]), inputs=784, dtype="float32")
    3140000000000000
    """
    count = 0
    for layer in stack_of(architecture).values():
        count += layer.neurons * (inputs + 1)
        inputs = layer.neurons
    return count * np.dtype(dtype).itemsize


def _parameters(
    name: str, layer: LayerConfig, inputs: int, seed: int, dtype: np.dtype[Any]
) -> Array:
    config: InitializerConfig = layer.initializer
    stream = named_stream(seed, "parameters", name)
    try:
        with np.errstate(over="raise"):
            return initialize(config, stream, layer.neurons, inputs, dtype)
    except (FloatingPointError, OverflowError) as error:
        problem = (
            f"architecture.layers.{name}.initializer: {config.kind!r} draws numbers "
            f"that are too large for {dtype}; expected smaller options"
        )
        raise ConfigError([problem]) from error

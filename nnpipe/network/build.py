"""Build the network declared by an architecture."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike

from nnpipe.errors import ConfigError, DataError
from nnpipe.network.chain import Chain
from nnpipe.network.layer import Layer
from nnpipe.network.layers.base import count
from nnpipe.network.network import Network, Prepare, plain
from nnpipe.network.purpose import Purpose
from nnpipe.network.stack import Stack, lasting, resolved


def build(
    stack: Stack, inputs: int, seed: int, dtype: DTypeLike, prepare: Prepare = plain
) -> Network:
    """Return a network with parameters drawn from the seed.

    Each layer draws from its own stream, derived from its name. So adding or removing a layer does
    not change the parameters of other layers with the same shape.

    Parameters
    ----------
    stack : Stack
        The layers. Those that training would remove are left out.
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
        If an initial number is too large for the dtype, or if a layer cannot have as many inputs
        as it would get.

    >>> from nnpipe.network.architectures.mlp import MlpOptions
    >>> build(MlpOptions().stack([100, 50, 10, 5]), inputs=784, seed=0, dtype="float32")
    <Network 784-100-50-10-5, 84,115 parameters, float32>
    """
    left = resolved(lasting(stack), Purpose())
    chain = Chain.of(left)
    try:
        drawn = chain.draw(inputs, seed, cast("np.dtype[np.floating[Any]]", np.dtype(dtype)))
    except DataError as error:
        raise ConfigError([f"architecture.{error}"]) from error
    layers = (Layer(name, left[name], n, drawn[name]) for name, _, n in chain.each(inputs))
    return Network(tuple(layers), prepare)


def estimate(stack: Stack, inputs: int, dtype: DTypeLike) -> int:
    """Return the size of the parameters in bytes, without allocating them.

    >>> from nnpipe.network.architectures.mlp import MlpOptions
    >>> estimate(MlpOptions().stack([10**12]), inputs=784, dtype="float32")
    3140000000000000
    """
    return count(Chain.of(lasting(stack)).arrays(inputs)) * np.dtype(dtype).itemsize

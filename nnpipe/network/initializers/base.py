"""The base of initializers, which draw the initial parameters of a layer.

Numbers are drawn in float64 and then rounded, so that one seed gives the same network in both
dtypes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnpipe.config.kind import Choice
from nnpipe.config.options import choice
from nnpipe.network.activations.base import Array
from nnpipe.network.initializers import INITIALIZERS

Numbers = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int], int, int], Numbers]
"""``draw(generator, shape, fan_in, fan_out)`` returns a float64 array of the shape.

The fans are the numbers of inputs and neurons of the layer, whatever part of its matrix is filled.
"""


@dataclass(frozen=True)
class InitializerOptions:
    """The options of every initializer."""

    bias: Choice[Draw] | None = choice(
        INITIALIZERS, None, "initializer of the bias column; null: the same as for the weights"
    )


def initialize(
    initializer: Choice[Draw],
    generator: np.random.Generator,
    neurons: int,
    inputs: int,
    dtype: DTypeLike,
) -> Array:
    """Return a new parameter matrix, (neurons, inputs + 1), of the dtype.

    Without `bias` the initializer fills the whole matrix, including the bias column.
    """
    draw, bias = initializer.make(), initializer.options.bias
    if bias is None:
        shape = (neurons, inputs + 1)
        return draw(generator, shape, inputs, neurons).astype(dtype, order="C")
    parameters = np.empty((neurons, inputs + 1), dtype)
    parameters[:, :-1] = draw(generator, (neurons, inputs), inputs, neurons)
    parameters[:, -1:] = bias.make()(generator, (neurons, 1), inputs, neurons)
    return parameters


def normal_of(variance: Callable[[int, int], float], gain: float = 1.0) -> Draw:
    """Return a draw from the untruncated normal distribution, with a variance from the fans."""
    return lambda generator, shape, fan_in, fan_out: generator.normal(
        0.0, gain * math.sqrt(variance(fan_in, fan_out)), shape
    )


def uniform_of(variance: Callable[[int, int], float], gain: float = 1.0) -> Draw:
    """Return a draw from the uniform distribution over ±√(3 variance), with that variance."""

    def draw(
        generator: np.random.Generator, shape: tuple[int, int], fan_in: int, fan_out: int
    ) -> Numbers:
        limit = gain * math.sqrt(3 * variance(fan_in, fan_out))
        return generator.uniform(-limit, limit, shape)

    return draw


def glorot(fan_in: int, fan_out: int) -> float:
    """Return Glorot's variance, which preserves the scale of outputs and of gradients."""
    return 2 / (fan_in + fan_out)


def he(fan_in: int, fan_out: int) -> float:
    """Return He's variance, for layers with rectifiers."""
    return 2 / fan_in

"""How a parameter matrix starts: random numbers, constants or orthonormal vectors.

`normal` is standard normal unless told otherwise, and `uniform` spans -0.05 to 0.05, as in Keras.
`glorot_*`, `he_*` and `lecun_normal` have mean 0 and the variance 2 / (fan_in + fan_out),
2 / fan_in and 1 / fan_in; their normal distributions are not truncated. `orthogonal` has
orthonormal rows, or columns where the matrix is taller than wide. `gain` multiplies the numbers.

References
----------
Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks
(AISTATS 2010). He, Zhang, Ren, Sun: Delving deep into rectifiers (ICCV 2015). LeCun, Bottou,
Orr, Müller: Efficient BackProp (1998). Saxe, McClelland, Ganguli: Exact solutions to the
nonlinear dynamics of learning in deep linear neural networks (ICLR 2014).
Mezzadri: How to generate random matrices from the classical compact groups (2007).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnpipe.config.registry import Registry
from nnpipe.config.schema import InitializerConfig
from nnpipe.network.activations.base import Array

Options = Mapping[str, float]
Draw = Callable[[np.random.Generator, tuple[int, int], int, int, Options], NDArray[np.float64]]

INITIALIZERS = Registry(
    "an initializer",
    "nnpipe.initializers",
    {
        name: f"nnpipe.network.initializers:{name}"
        for name in (
            "constant",
            "glorot_normal",
            "glorot_uniform",
            "he_normal",
            "he_uniform",
            "lecun_normal",
            "normal",
            "orthogonal",
            "uniform",
            "zeros",
        )
    },
)


@dataclass(frozen=True)
class Initializer:
    """A way to fill a parameter matrix.

    Parameters
    ----------
    draw : callable
        ``draw(generator, shape, fan_in, fan_out, options)`` returns a float64 array of the shape.
        The fans are the layer's inputs and neurons, whatever part of its matrix is filled.
    options : mapping of str to float
        The options it takes, each with its default.
    """

    draw: Draw
    options: Options = field(default_factory=dict[str, float])


def options_of(name: str) -> Options:
    """Return an initializer's options with their defaults.

    >>> options_of("normal")
    {'mean': 0.0, 'std': 1.0}
    """
    initializer: Initializer = INITIALIZERS.load(name)
    return initializer.options


def initialize(
    config: InitializerConfig,
    generator: np.random.Generator,
    neurons: int,
    inputs: int,
    dtype: DTypeLike,
) -> Array:
    """Return a new parameter matrix, (neurons, inputs + 1), of the dtype.

    Without `bias` in the config the initializer fills the whole matrix, the bias column included.
    With it, the named initializer and its defaults fill the bias column. The numbers are drawn in
    float64 and then rounded, so that one seed gives the same network in both dtypes.
    """
    initializer: Initializer = INITIALIZERS.load(config.kind)
    given = {key: getattr(config, key, None) for key in initializer.options}
    options = {**initializer.options, **{k: v for k, v in given.items() if v is not None}}
    if config.bias is None:
        shape = (neurons, inputs + 1)
        return initializer.draw(generator, shape, inputs, neurons, options).astype(dtype, order="C")
    bias: Initializer = INITIALIZERS.load(config.bias)
    parameters = np.empty((neurons, inputs + 1), dtype)
    parameters[:, :-1] = initializer.draw(generator, (neurons, inputs), inputs, neurons, options)
    parameters[:, -1:] = bias.draw(generator, (neurons, 1), inputs, neurons, bias.options)
    return parameters


def _scaled_normal(variance: Callable[[int, int], float]) -> Draw:
    """Draw from the normal distribution, untruncated, with a variance set by the fans."""
    return lambda generator, shape, fan_in, fan_out, options: generator.normal(
        0.0, options.get("gain", 1.0) * math.sqrt(variance(fan_in, fan_out)), shape
    )


def _scaled_uniform(variance: Callable[[int, int], float]) -> Draw:
    """Draw uniformly between ±√(3 variance), which has that variance."""

    def draw(
        generator: np.random.Generator,
        shape: tuple[int, int],
        fan_in: int,
        fan_out: int,
        options: Options,
    ) -> NDArray[np.float64]:
        limit = options.get("gain", 1.0) * math.sqrt(3 * variance(fan_in, fan_out))
        return generator.uniform(-limit, limit, shape)

    return draw


def _orthogonal(
    generator: np.random.Generator,
    shape: tuple[int, int],
    fan_in: int,
    fan_out: int,
    options: Options,
) -> NDArray[np.float64]:
    q, r = np.linalg.qr(generator.standard_normal((max(shape), min(shape))))
    # Without the signs of R's diagonal Q would not be uniform over the orthogonal matrices.
    q *= np.copysign(options["gain"], np.diagonal(r))
    return q if shape[0] >= shape[1] else q.T


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2 / (fan_in + fan_out)


def _he(fan_in: int, fan_out: int) -> float:
    return 2 / fan_in


normal = Initializer(
    lambda generator, shape, fan_in, fan_out, options: generator.normal(
        options["mean"], options["std"], shape
    ),
    {"mean": 0.0, "std": 1.0},
)
uniform = Initializer(
    lambda generator, shape, fan_in, fan_out, options: generator.uniform(
        options["low"], options["high"], shape
    ),
    {"low": -0.05, "high": 0.05},
)
constant = Initializer(
    lambda generator, shape, fan_in, fan_out, options: np.full(shape, options["value"]),
    {"value": 0.0},
)
zeros = Initializer(lambda generator, shape, fan_in, fan_out, options: np.zeros(shape))
glorot_normal = Initializer(_scaled_normal(_glorot), {"gain": 1.0})
glorot_uniform = Initializer(_scaled_uniform(_glorot), {"gain": 1.0})
he_normal = Initializer(_scaled_normal(_he))
he_uniform = Initializer(_scaled_uniform(_he))
lecun_normal = Initializer(_scaled_normal(lambda fan_in, fan_out: 1 / fan_in))
orthogonal = Initializer(_orthogonal, {"gain": 1.0})

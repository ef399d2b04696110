"""Uniform numbers from low to high, by default from -0.05 to 0.05 as in Keras."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from numpy.random import Generator

from nnpipe.config.kind import Kind
from nnpipe.config.options import check_order, option
from nnpipe.network.initializers.base import InitializerOptions, Numbers


@dataclass(frozen=True)
class UniformOptions(InitializerOptions):
    """The range."""

    low: float = option(-0.05, "lowest value")
    high: float = option(0.05, "highest value, above low")


def _draw(
    options: UniformOptions, generator: Generator, shape: tuple[int, int], fan_in: int, fan_out: int
) -> Numbers:
    return generator.uniform(options.low, options.high, shape)


uniform = Kind(
    UniformOptions,
    lambda options: partial(_draw, options),
    lambda options, key: check_order(options.low, options.high, key),
)

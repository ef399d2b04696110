"""Normal numbers, standard normal by default as in the article, including the bias column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from numpy.random import Generator

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.initializers.base import InitializerOptions, Numbers


@dataclass(frozen=True)
class NormalOptions(InitializerOptions):
    """The mean and the standard deviation."""

    mean: float = option(0.0, "mean")
    std: float = option(1.0, "standard deviation", at_least=0)


def _draw(
    options: NormalOptions, generator: Generator, shape: tuple[int, int], fan_in: int, fan_out: int
) -> Numbers:
    return generator.normal(options.mean, options.std, shape)


normal = Kind(NormalOptions, lambda options: partial(_draw, options))

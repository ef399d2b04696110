"""One number everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.initializers.base import InitializerOptions, Numbers


@dataclass(frozen=True)
class ConstantOptions(InitializerOptions):
    """The number."""

    value: float = option(0.0, "value of all parameters")


def _draw(
    options: ConstantOptions,
    generator: Generator,
    shape: tuple[int, int],
    fan_in: int,
    fan_out: int,
) -> Numbers:
    return np.full(shape, options.value)


constant = Kind(ConstantOptions, lambda options: partial(_draw, options))

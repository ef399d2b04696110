"""Zeros."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.random import Generator

from nnpipe.config.kind import Kind
from nnpipe.network.initializers.base import InitializerOptions, Numbers


def _draw(
    options: InitializerOptions,
    generator: Generator,
    shape: tuple[int, int],
    fan_in: int,
    fan_out: int,
) -> Numbers:
    return np.zeros(shape)


zeros = Kind(InitializerOptions, lambda options: partial(_draw, options))

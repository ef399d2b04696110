"""An initializer of alternating signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.initializers.base import InitializerOptions


@dataclass(frozen=True)
class CheckersOptions(InitializerOptions):
    size: float = option(0.1, "absolute value of each number", above=0)


def make(options):
    def draw(generator, shape, fan_in, fan_out):
        return options.size * (-1.0) ** np.indices(shape).sum(axis=0)

    return draw


checkers = Kind(CheckersOptions, make)

"""A layer that adds normal noise in training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option


@dataclass(frozen=True)
class NoiseOptions:
    std: float = option(0.01, "standard deviation", at_least=0)


class Noise:
    def __init__(self, std, rows, features, dtype):
        self.statistics = np.empty(0, dtype)
        self._std = std

    def forward(self, a, generator):
        if generator is not None:
            a += generator.normal(0, self._std, a.shape)

    def backward(self, delta):
        pass

    def fold(self, parameters):
        pass


noise = Kind(NoiseOptions, lambda options: partial(Noise, options.std))

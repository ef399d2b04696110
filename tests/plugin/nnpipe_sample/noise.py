"""A layer that adds normal noise in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.layers.base import LayerKind, Step


@dataclass(frozen=True)
class NoiseOptions:
    std: float = option(0.01, "standard deviation", at_least=0)


@dataclass(frozen=True)
class Noise(LayerKind):
    options: NoiseOptions
    leaves = "nothing"

    def formula(self, arrays, x):
        return x

    def training(self, arrays, gradients, inputs, space):
        return NoiseStep(self.options.std, space.empty(inputs))


class NoiseStep(Step):
    def __init__(self, std, room):
        self.std, self.room = std, room

    def forward(self, out, generator):
        out[...] = self.room[: len(out)]
        if generator is not None:
            out += generator.normal(0, self.std, out.shape)

    def backward(self, delta, before):
        if before is not None:
            before[...] = delta


noise = Kind(NoiseOptions, Noise)

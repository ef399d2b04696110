"""The activation z + sin²(k z) / k."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.activations.base import Activation
from nnpipe.network.activations.namespace import namespace


@dataclass(frozen=True)
class SnakeOptions:
    frequency: float = option(1.0, "k", above=0)


def make(options):
    k = options.frequency

    def formula(z):
        return z + namespace(z).sin(k * z) ** 2 / k

    def forward(z, out):
        np.add(z, np.sin(k * z) ** 2 / k, out=out)

    def backward(z, a, delta):
        delta *= 1 + np.sin(2 * k * z)

    return Activation(formula, forward, backward, needs_z=True)


snake = Kind(SnakeOptions, make)

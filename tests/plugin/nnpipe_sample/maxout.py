"""Maxout: each output is the greatest of k sums, max over j of w_j x + b_j.

Going back, only the greatest sum has a gradient.

References
----------
Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks (ICML 2013), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.network.activations.namespace import namespace
from nnpipe.network.layers.base import LayerKind, Step


@dataclass(frozen=True)
class MaxoutOptions:
    units: int = option(10, "number of outputs", at_least=1)
    pieces: int = option(2, "sums per output", at_least=1)


@dataclass(frozen=True)
class Maxout(LayerKind):
    options: MaxoutOptions

    def outputs(self, inputs):
        return self.options.units

    def arrays(self, inputs):
        shape = (self.options.pieces, self.options.units)
        return {"weight": (*shape, inputs), "bias": shape}

    def initialize(self, inputs, generator, dtype):
        shapes = self.arrays(inputs)
        weight = generator.normal(0, inputs**-0.5, shapes["weight"])
        return {"weight": weight.astype(dtype), "bias": np.zeros(shapes["bias"], dtype)}

    def formula(self, arrays, x):
        sums = x @ arrays["weight"].swapaxes(1, 2) + arrays["bias"][:, None]
        return namespace(x).amax(sums, axis=0)

    def training(self, arrays, gradients, inputs, space):
        return MaxoutStep(arrays, gradients, space.empty(inputs))

    def weights(self, arrays):
        return [arrays["weight"]]


class MaxoutStep(Step):
    def __init__(self, arrays, gradients, room):
        self.arrays, self.gradients, self.room = arrays, gradients, room

    def forward(self, out, generator):
        x = self.room[: len(out)]
        sums = x @ self.arrays["weight"].swapaxes(1, 2) + self.arrays["bias"][:, None]
        self.greatest = sums.argmax(axis=0)
        np.max(sums, axis=0, out=out)

    def backward(self, delta, before):
        x = self.room[: len(delta)]
        if before is not None:
            before[...] = 0
        for j, weight in enumerate(self.arrays["weight"]):
            won = delta * (self.greatest == j)
            self.gradients["weight"][j] = won.T @ x
            self.gradients["bias"][j] = won.sum(axis=0)
            if before is not None:
                before += won @ weight


maxout = Kind(MaxoutOptions, Maxout)

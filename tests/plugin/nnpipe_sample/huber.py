"""A loss that is quadratic for small errors and linear for large ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.config.options import option
from nnpipe.training.losses.base import Loss, one_hot


@dataclass(frozen=True)
class HuberOptions:
    delta: float = option(1.0, "where it becomes linear", above=0)


def make(options):
    def backward(function, z, targets, delta):
        a = function(z)
        error = a - (one_hot(targets, a) if targets.ndim == 1 else targets)
        small = np.abs(error) <= options.delta
        far = options.delta * (np.abs(error) - options.delta / 2)
        loss = np.where(small, error**2 / 2, far).sum()
        delta[:] = np.clip(error, -options.delta, options.delta)
        function.backward(z, a, delta)
        return float(loss), 0

    return Loss(backward, activation=None, classifies=False)


huber = Kind(HuberOptions, make)

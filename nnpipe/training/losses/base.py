"""The base of losses: the error of outputs, and the δ with which backpropagation begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import Kind, NoOptions
from nnpipe.network.activations.base import Activation, Array

Targets = NDArray[Any]
"""Class numbers, (samples,) int64, or real numbers, (samples, neurons)."""

Backward = Callable[[Activation, Array, Targets, Array], tuple[float, int]]


@dataclass(frozen=True)
class Loss:
    """A loss, combined with the last layer's activation for numerical stability.

    Parameters
    ----------
    backward : callable
        ``backward(function, z, targets, delta)`` takes the activation and the sums of the last
        layer, (samples, neurons). It writes dL/dz of each sample into `delta`, and returns the sum
        of the losses and the number of correctly classified samples. `z` may be overwritten.
    activation : str or None
        The only activation of the last layer that the loss fits; None for any.
    classifies : bool
        Whether the targets are classes. Otherwise no sample counts as correct.
    """

    backward: Backward
    activation: str | None
    classifies: bool


def plain(loss: Loss) -> Kind[NoOptions, Loss]:
    """Return the kind of a loss without options."""
    return Kind(NoOptions, lambda options: loss)


def one_hot(labels: Targets, like: Array) -> Array:
    """Return class numbers as rows with a single 1, or as one column for one neuron.

    >>> one_hot(np.array([1, 0]), np.zeros((2, 3)))
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    if like.shape[1] == 1:
        return labels.astype(like.dtype)[:, np.newaxis]
    target = np.zeros_like(like)
    target[np.arange(len(labels)), labels] = 1
    return target

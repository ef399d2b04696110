"""The losses, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnpipe.config.registry import Registry, modules

if TYPE_CHECKING:
    from nnpipe.training.losses.base import Loss

LOSSES: Registry[Loss] = Registry(
    "a loss",
    "nnpipe.losses",
    modules(__name__, "binary_cross_entropy cross_entropy mean_squared_error"),
)


def loss_of(activation: str) -> str:
    """Return the name of the default loss for the activation of the last layer.

    >>> loss_of("softmax")
    'cross_entropy'
    """
    natural = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
    return natural.get(activation, "mean_squared_error")

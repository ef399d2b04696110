"""The losses, one module each; a new one is a module and a line here."""

from __future__ import annotations

from nnpipe.config.registry import Registry

LOSSES = Registry(
    "a loss",
    "nnpipe.losses",
    {
        "binary_cross_entropy": (
            "nnpipe.training.losses.binary_cross_entropy:binary_cross_entropy"
        ),
        "cross_entropy": "nnpipe.training.losses.cross_entropy:cross_entropy",
        "mean_squared_error": "nnpipe.training.losses.mean_squared_error:mean_squared_error",
    },
)


def loss_of(activation: str) -> str:
    """Return the name of the loss that suits the activation of the last layer.

    >>> loss_of("softmax")
    'cross_entropy'
    """
    natural = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
    return natural.get(activation, "mean_squared_error")


def activation_of(loss: str) -> str | None:
    """Return the only activation of the last layer that a loss fits, or None for any.

    >>> activation_of("cross_entropy")
    'softmax'
    """
    return LOSSES.load(loss).activation

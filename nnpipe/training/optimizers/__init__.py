"""The optimizers, one module each; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from nnpipe.config.registry import Registry

OPTIMIZERS = Registry(
    "an optimizer",
    "nnpipe.optimizers",
    {
        name: f"nnpipe.training.optimizers.{name}:{name}"
        for name in (
            "adadelta",
            "adagrad",
            "adam",
            "adamw",
            "momentum",
            "nesterov",
            "rmsprop",
            "sgd",
        )
    },
)


def optimizer_options(name: str) -> Mapping[str, float]:
    """Return the options that an optimizer takes, with their defaults.

    >>> optimizer_options("sgd")
    {'learning_rate': 0.1}
    """
    return OPTIMIZERS.load(name).options

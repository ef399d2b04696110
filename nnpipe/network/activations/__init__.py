"""The activations, one module each. A new one needs a module and a line here."""

from __future__ import annotations

from nnpipe.config.registry import Registry
from nnpipe.network.activations.base import Activation

ACTIVATIONS: Registry[Activation] = Registry(
    "an activation",
    "nnpipe.activations",
    {
        name: f"nnpipe.network.activations.{name}:{name}"
        for name in (
            "elu",
            "gelu",
            "hard_sigmoid",
            "leaky_relu",
            "linear",
            "mish",
            "relu",
            "selu",
            "sigmoid",
            "silu",
            "softmax",
            "softplus",
            "tanh",
        )
    },
)

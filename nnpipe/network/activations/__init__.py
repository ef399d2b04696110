"""The activations, one module each. A new one needs a module and a name here."""

from __future__ import annotations

from nnpipe.config.registry import Registry, modules
from nnpipe.network.activations.base import Activation

ACTIVATIONS: Registry[Activation] = Registry(
    "an activation",
    "nnpipe.activations",
    modules(
        __name__,
        "elu gelu hard_sigmoid leaky_relu linear mish relu selu sigmoid silu softmax softplus tanh",
    ),
)

"""The activations, one module each; a new one is a module and a line here."""

from nnpipe.config.registry import Registry

ACTIVATIONS = Registry(
    "an activation",
    "nnpipe.activations",
    {
        "elu": "nnpipe.network.activations.elu:elu",
        "gelu": "nnpipe.network.activations.gelu:gelu",
        "leaky_relu": "nnpipe.network.activations.leaky_relu:leaky_relu",
        "linear": "nnpipe.network.activations.linear:linear",
        "relu": "nnpipe.network.activations.relu:relu",
        "sigmoid": "nnpipe.network.activations.sigmoid:sigmoid",
        "silu": "nnpipe.network.activations.silu:silu",
        "softmax": "nnpipe.network.activations.softmax:softmax",
        "softplus": "nnpipe.network.activations.softplus:softplus",
        "tanh": "nnpipe.network.activations.tanh:tanh",
    },
)

"""Networks with normalizations and residual blocks, and any network as a PyTorch module."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnpipe.network.layer import Layer
from nnpipe.network.network import Network

INPUTS = 784


def dense(neurons: int, activation: str = "relu") -> dict[str, Any]:
    """Return a dense layer as in a config."""
    he = {"kind": "he_normal", "bias": "zeros"}
    return {"neurons": neurons, "activation": activation, "initializer": he}


def _layer_norm(last: str) -> dict[str, Any]:
    return {
        "hidden1": dense(512),
        "norm1": "layer_norm",
        "hidden2": dense(256),
        "norm2": "layer_norm",
        "output": dense(10, last),
    }


def _residual(last: str) -> dict[str, Any]:
    inner = {"norm": "layer_norm", "wide": dense(64), "back": dense(64, "linear")}
    blocks = {f"block{i}": {"kind": "residual", "layers": inner} for i in range(1, 13)}
    return {"stem": dense(64), **blocks, "output": dense(10, last)}


STACKS = {
    "784-512-256-10, layer norm": _layer_norm,
    "784-64-10, 12 residual blocks": _residual,
}
"""The layers by the name of the network, for the activation of the last one."""


def torch_module(layers: Any) -> Any:
    """Return the layers of a network as a PyTorch module with the same parameters.

    A softmax of the last layer is left out, because PyTorch's loss includes it.
    """
    import torch

    return torch.nn.Sequential(*(part for layer in layers for part in _parts(layer)))


def _parts(layer: Layer) -> list[Any]:
    import torch

    def tensor(array: Any) -> Any:
        return torch.nn.Parameter(torch.from_numpy(np.array(array, order="C")))

    if layer.kind == "layer_norm":
        norm = torch.nn.LayerNorm(layer.inputs)
        norm.weight, norm.bias = (tensor(layer.arrays[name]) for name in ("gain", "shift"))
        return [norm]
    if layer.kind == "residual":
        return [_block(torch_module(_inner(layer)))]
    linear = torch.nn.Linear(layer.inputs, layer.outputs)
    linear.weight, linear.bias = tensor(layer.parameters[:, :-1]), tensor(layer.parameters[:, -1])
    functions = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
    function = functions.get(layer.activation)
    return [linear] if function is None else [linear, function()]


def _inner(layer: Layer) -> list[Layer]:
    options: Any = layer.declared.options
    found: list[Layer] = []
    inputs = layer.inputs
    for name, chosen in options.layers.items():
        arrays = {
            key.removeprefix(f"{name}."): array
            for key, array in layer.arrays.items()
            if key.startswith(f"{name}.")
        }
        found.append(Layer(name, chosen, inputs, arrays))
        inputs = found[-1].outputs
    return found


def _block(inner: Any) -> Any:
    import torch

    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return x + self.inner(x)

    return Block()


def torch_call(network: Network, x: Any, threads: int) -> Any:
    """Return a function that computes a network's outputs with PyTorch."""
    import torch

    torch.set_num_threads(threads)
    model, samples = torch_module(network.layers), torch.from_numpy(x)

    def call() -> Any:
        with torch.inference_mode():
            return model(samples).numpy()

    return call

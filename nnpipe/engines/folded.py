"""Rewrite a network into one that computes the same numbers with less work per sample.

A sigmoid is a scaled tanh, 1 / (1 + e^-z) = 1/2 + tanh(z / 2) / 2, and one tanh takes a third of
the time of the four steps of a sigmoid. Its scales are absorbed by the layers before and after it.
A factor of one half is exact, and the sum that is added to the next bias is computed in float64.
The last layer keeps the sigmoid, because small outputs would lose relative accuracy.
"""

from __future__ import annotations

from dataclasses import replace

from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.layer import Layer
from nnpipe.network.layers.base import Affine
from nnpipe.network.layers.dense import DenseOptions
from nnpipe.network.network import Network


def halve_sigmoids(network: Network) -> tuple[Network, set[str]]:
    """Return a network with the same outputs, and the names of the layers that are halved.

    Where a halved layer gives a, the original one gives 1/2 + a/2.
    """
    layers, halved = list(network.layers), set[str]()
    for i, following in enumerate(network.layers[1:], start=1):
        layer = layers[i - 1]
        options = layer.declared.options
        if (
            isinstance(options, DenseOptions)
            and options.activation.kind == "sigmoid"
            and following.transform.absorbs
        ):
            layers[i - 1] = _with_tanh(layer, options)
            before = Affine(scale=0.5, shift=0.5)
            layers[i] = following.with_arrays(
                following.transform.absorb(following.arrays, before=before)
            )
            halved.add(layer.name)
    return replace(network, layers=tuple(layers)), halved


def _with_tanh(layer: Layer, options: DenseOptions) -> Layer:
    tanh = replace(options, activation=ACTIVATIONS.choice("tanh"))
    arrays = layer.transform.absorb(layer.arrays, after=Affine(scale=0.5))
    return Layer(layer.name, replace(layer.declared, options=tanh), layer.inputs, arrays)

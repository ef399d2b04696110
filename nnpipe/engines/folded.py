"""Rewrite a network as steps that compute the same numbers with less work per sample.

A sigmoid is a scaled tanh, 1 / (1 + e^-z) = 1/2 + tanh(z / 2) / 2, and one tanh takes a third of
the time of the four steps of a sigmoid. Its scales are folded into the parameters before and after
it. A factor of one half is exact, and the sum that is added to the next bias is computed in
float64. The last layer keeps the sigmoid, because small outputs would lose relative accuracy.

The parameters are transposed, which makes BLAS faster for few samples and for few neurons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnpipe.engines.base import Array
from nnpipe.network.activations.base import Activation
from nnpipe.network.activations.sigmoid import function as sigmoid
from nnpipe.network.activations.tanh import function as tanh
from nnpipe.network.layer import Layer
from nnpipe.network.network import Network

# Adding the bias of a few neurons takes half the time if it is repeated over many samples.
_REPEATED = 8192


@dataclass(frozen=True)
class Step:
    """A layer in executable form: z = [a 1] @ parameters, then the function in place.

    Parameters
    ----------
    name : str
        The layer's name.
    parameters : (inputs + 1, neurons), C-contiguous
        The last row is the bias.
    biases : (samples * neurons,)
        The bias repeated for a number of samples, a power of two.
    function : Activation
    halved : bool
        Whether the layer's activations are 1/2 + a/2, where a is the result of the function.
    """

    name: str
    parameters: Array
    biases: Array
    function: Activation
    halved: bool

    @property
    def neurons(self) -> int:
        """The layer's number of neurons."""
        return self.parameters.shape[1]

    def multiply(self, a: Array, out: Array) -> None:
        """Write the products of inputs and weights into `out`, without the bias."""
        np.matmul(a, self.parameters[:-1], out=out)

    def add_bias(self, z: Array) -> None:
        """Add the bias to samples, (samples, neurons), C-contiguous."""
        together = self.biases.size // self.neurons
        whole = len(z) - len(z) % together
        if whole:
            repeated = z[:whole].reshape(-1, self.biases.size)
            repeated += self.biases
        if whole < len(z):
            z[whole:] += self.parameters[-1]

    def activations(self, a: Array, out: Array) -> None:
        """Write the layer's activations into `out`, given the result of the function."""
        if self.halved:
            np.multiply(a, 0.5, out=out)
            out += 0.5
        else:
            np.copyto(out, a)


def fold(network: Network) -> list[Step]:
    """Return the steps of a network, with copies of its parameters."""
    steps: list[Step] = []
    halved = False
    for layer in network.layers:
        hidden = layer is not network.layers[-1]
        steps.append(_step(layer, halved, hidden and layer.function is sigmoid))
        halved = steps[-1].halved
    return steps


def _step(layer: Layer, inputs_halved: bool, halve: bool) -> Step:
    scale = (0.5 if inputs_halved else 1) * (0.5 if halve else 1)
    parameters = np.empty(layer.parameters.shape[::-1], layer.parameters.dtype)
    np.multiply(layer.weights.T, scale, out=parameters[:-1])
    bias = layer.bias.astype(np.float64)
    if inputs_halved:
        bias += 0.5 * layer.weights.sum(axis=1, dtype=np.float64)
    bias *= 0.5 if halve else 1
    parameters[-1] = bias
    # Repeated biases must not take more memory than the parameters of many small layers.
    most = min(_REPEATED, parameters.size) // layer.neurons
    biases = np.tile(parameters[-1], 1 << max(1, most).bit_length() - 1)
    return Step(layer.name, parameters, biases, tanh if halve else layer.function, halve)

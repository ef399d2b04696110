"""Backpropagation: the gradient of a loss with respect to every parameter matrix.

With A_i = [a_i | 1], the inputs of layer i with a column of ones, the forward pass is
Z_i = A_i P_iᵀ and a_{i+1} = f_i(Z_i). The loss gives δ of the last layer. The backward pass is
dL/dP_i = δ_iᵀ A_i, whose last column is the gradient of the biases, and
δ_{i-1} = f'_{i-1}(Z_{i-1}) ⊙ δ_i W_i, where W_i is P_i without its last column.

Transforms (dropout or batch normalization) between a_{i+1} and the next layer propagate δ too.

References
----------
Rumelhart, Hinton, Williams: Learning representations by back-propagating errors (Nature, 1986).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from nnpipe.config.kind import Choice
from nnpipe.network.activations.base import Array
from nnpipe.network.layers.base import MakeTransform
from nnpipe.network.network import Network
from nnpipe.system.products import multiply
from nnpipe.system.tiles import cut
from nnpipe.training.losses.base import Loss, Targets

# The number of outputs whose loss is computed at once. Temporary arrays of a loss have this size,
# whatever the batch.
_OUTPUTS = 1 << 12


class Backpropagation:
    """Gradients of one network for batches of at most a given number of rows.

    All parameter matrices are stored in one vector, and all gradients in another, so that an
    optimizer needs no layers. Each matrix is stored column by column, which is the fastest order
    for BLAS. All arrays of a step are allocated here, once.

    Parameters
    ----------
    network : Network
        Its parameters are copied.
    loss : Loss
        It must fit the activation of the last layer.
    rows : int
        The size of the largest batch.
    transforms : mapping of str to mapping of str to Choice
        For each layer's name, the transforms of its inputs, by name and in order.
    threads : int
        The number of threads per product. The result is the same to the bit.

    Attributes
    ----------
    network : Network
        The copy, whose parameter matrices are NumPy views of `parameters`.
    parameters, gradient : (parameter_count,) arrays of the network's dtype
        `gradient` is the result of the latest call of `backward`.
    statistics : mapping of str to vector
        The running statistics of the transforms that have any, by name.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        rows: int,
        transforms: Mapping[str, Mapping[str, Choice[MakeTransform]]] = {},
        threads: int = 1,
    ) -> None:
        self._loss, self._threads, self._rows = loss, threads, 0
        self.parameters = np.concatenate([la.parameters.ravel("F") for la in network.layers])
        self.gradient = np.zeros_like(self.parameters)
        self.network = replace(
            network,
            layers=tuple(
                replace(layer, parameters=matrix)
                for layer, matrix in zip(
                    network.layers, self.matrices(network, self.parameters), strict=True
                )
            ),
        )
        self._gradients = self.matrices(network, self.gradient)
        dtype = network.dtype
        # A column of ones beside each layer's inputs makes weights and bias one product. The caller
        # passes it for the first layer.
        self._inputs = [np.ones((rows, n.inputs + 1), dtype) for n in network.layers[1:]]
        # Layers whose derivative does not need their sums share one array for them.
        room = np.empty(rows * max(layer.neurons for layer in network.layers), dtype)
        self._sums = [
            np.empty((rows, layer.neurons), dtype)
            if layer.function.needs_z
            else room[: rows * layer.neurons].reshape(rows, layer.neurons)
            for layer in network.layers
        ]
        self._deltas = [np.empty((rows, layer.neurons), dtype) for layer in network.layers]
        self._named = [
            {
                name: chosen.make()(rows, layer.inputs, dtype)
                for name, chosen in transforms.get(layer.name, {}).items()
            }
            for layer in network.layers
        ]
        self._transforms = [list(before.values()) for before in self._named]
        self.statistics = {
            name: step.statistics
            for before in self._named
            for name, step in before.items()
            if step.statistics.size
        }
        # A layer writes directly into the next layer's inputs, unless there is a transform between.
        self._outputs = [
            np.empty_like(inputs[:, :-1]) if transformed else inputs[:, :-1]
            for inputs, transformed in zip(self._inputs, self._transforms[1:], strict=True)
        ]

    @staticmethod
    def matrices(network: Network, vector: Array) -> list[Array]:
        """Return the matrices of all layers, as NumPy views of a vector."""
        sizes = [layer.parameters.size for layer in network.layers]
        ends = np.cumsum([0, *sizes])
        return [
            vector[start:stop].reshape(layer.parameters.shape, order="F")
            for (start, stop), layer in zip(pairwise(ends), network.layers, strict=True)
        ]

    def folded(self) -> Array:
        """Return a copy of the parameters with all transforms folded into them."""
        vector = self.parameters.copy()
        matrices = self.matrices(self.network, vector)
        for matrix, before in zip(matrices, self._transforms, strict=True):
            for step in reversed(before):
                step.fold(matrix)
        return vector

    def forward(
        self, x: Array, targets: Targets, generator: np.random.Generator | None = None
    ) -> tuple[float, int]:
        """Return the sum of the losses of a batch, and the number of correctly classified samples.

        Parameters
        ----------
        x : (samples, inputs + 1)
            The samples, with a last column of ones. They are transformed in place.
        targets : (samples,) int64 or (samples, outputs)
        generator : Generator or None
            Random numbers for a training step; None in validation.
        """
        a, rows = x, len(x)
        self._rows = rows
        for step in self._transforms[0]:
            step.forward(x[:, :-1], generator)
        for i, layer in enumerate(self.network.layers[:-1]):
            z, out = self._sums[i][:rows], self._outputs[i][:rows]
            multiply((a, layer.parameters.T, z), threads=self._threads)
            layer.function.forward(z, out)
            a = self._inputs[i][:rows]
            if self._transforms[i + 1]:
                np.copyto(a[:, :-1], out)
            for step in self._transforms[i + 1]:
                step.forward(a[:, :-1], generator)
        last, z = self.network.layers[-1], self._sums[-1][:rows]
        multiply((a, last.parameters.T, z), threads=self._threads)
        delta, total, correct = self._deltas[-1][:rows], 0.0, 0
        for part in cut(rows, max(1, _OUTPUTS // last.neurons)):
            loss, count = self._loss.backward(last.function, z[part], targets[part], delta[part])
            total, correct = total + loss, correct + count
        return total, correct

    def backward(
        self, x: Array, targets: Targets, generator: np.random.Generator | None = None
    ) -> tuple[float, int]:
        """Set `gradient` to the gradient of a batch's mean loss, and return as `forward` does."""
        loss, correct = self.forward(x, targets, generator)
        rows, layers = len(x), self.network.layers
        delta = self._deltas[-1][:rows]
        delta *= 1 / rows
        for i in range(len(layers) - 1, 0, -1):
            a = self._inputs[i - 1][:rows]
            before = self._deltas[i - 1][:rows]
            multiply(
                (a.T, delta, self._gradients[i].T),
                (delta, layers[i].weights, before),
                threads=self._threads,
            )
            for step in reversed(self._transforms[i]):
                step.backward(before)
            out = self._outputs[i - 1][:rows]
            layers[i - 1].function.backward(self._sums[i - 1][:rows], out, before)
            delta = before
        multiply((x.T, delta, self._gradients[0].T), threads=self._threads)
        return loss, correct

    @property
    def statistics_are_finite(self) -> bool:
        """Whether all statistics are finite."""
        return all(np.isfinite(vector).all() for vector in self.statistics.values())

    def first_nonfinite(self) -> str | None:
        """Return the layer or transform with the first non-finite number of the latest batch.

        The order is that of computation: statistics, parameters and outputs from the first layer
        to the last, then δ and gradients from the last layer to the first.
        """
        layers = self.network.layers
        outputs = [*(out[: self._rows] for out in self._outputs), self._sums[-1][: self._rows]]
        order: list[tuple[str, Array]] = []
        for layer, named, out in zip(layers, self._named, outputs, strict=True):
            order += [(name, step.statistics) for name, step in named.items()]
            order += [(layer.name, layer.parameters), (layer.name, out)]
        for i in reversed(range(len(layers))):
            order += [(layers[i].name, self._deltas[i][: self._rows])]
            order += [(layers[i].name, self._gradients[i])]
        return next((name for name, array in order if not np.isfinite(array).all()), None)

"""Backpropagation: the gradient of a loss with respect to the parameters of every layer.

The forward pass goes through the layers, the loss gives the gradient of the last sums, and the
backward pass goes back through the layers. Their own formulas are in `nnpipe.network.layers`.

References
----------
Rumelhart, Hinton, Williams: Learning representations by back-propagating errors (Nature, 1986).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Array
from nnpipe.network.chain import Chain, Steps
from nnpipe.network.layers.base import Workspace
from nnpipe.network.network import Network
from nnpipe.network.stack import Stack
from nnpipe.system.tiles import cut
from nnpipe.training.losses.base import Loss, Targets

# The number of outputs whose loss is computed at once. Temporary arrays of a loss have this size,
# whatever the batch.
_OUTPUTS = 1 << 12


class Backpropagation:
    """Gradients of one network for batches of at most a given number of rows.

    All parameters are stored in one vector, and all gradients in another, so that an optimizer
    needs no layers. Each array is stored in Fortran order, a matrix column by column, which is the
    fastest order for BLAS. All arrays of a step are allocated here, once.

    Parameters
    ----------
    network : Network
        Its parameters are copied.
    loss : Loss
        It must fit the activation of the last layer.
    rows : int
        The size of the largest batch.
    stack : mapping, optional
        The declared layers, with those that training removes; by default, the network's own.
    threads : int
        The number of threads per product. The result is the same to the bit.

    Attributes
    ----------
    network : Network
        The copy, whose arrays are NumPy views of `parameters`.
    parameters, gradient : (parameter_count,) arrays of the network's dtype
        `gradient` is the result of the latest call of `backward`.
    statistics : mapping of str to vector
        The running statistics of the layers that have any, by name.
    room : (rows, inputs) or (rows, inputs + 1) array
        The caller writes each batch into the first columns. One more column holds ones.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        rows: int,
        stack: Stack | None = None,
        threads: int = 1,
    ) -> None:
        self._shapes = {name: array.shape for name, array in network.arrays.items()}
        self.parameters = np.concatenate([a.ravel("F") for a in network.arrays.values()])
        self.gradient = np.zeros_like(self.parameters)
        self.network = network.with_arrays(self.views(self.parameters))
        declared = Chain.of(stack or network.stack)
        # The loss includes the activation of the last layer.
        self.chain, activation = declared.linear(), declared.activation
        self._function = (activation or ACTIVATIONS.choice("linear")).make()
        self._loss, self._rows = loss, 0
        widest = max(self.chain.widths(network.inputs))
        space = Workspace(rows, widest, network.dtype, threads)
        vectors = self.views(self.parameters), self.views(self.gradient)
        self._steps = Steps(self.chain, *vectors, network.inputs, space)
        self.room, self.statistics = self._steps.room, self._steps.statistics
        self._z, self._delta = space.empty(network.outputs), space.empty(network.outputs)

    def views(self, vector: Array) -> Mapping[str, Array]:
        """Return all arrays as NumPy views of a vector of all parameters."""
        ends = np.cumsum([0, *(math.prod(shape) for shape in self._shapes.values())]).tolist()
        return {
            name: vector[start:stop].reshape(shape, order="F")
            for (name, shape), (start, stop) in zip(
                self._shapes.items(), pairwise(ends), strict=True
            )
        }

    def folded(self) -> Array:
        """Return a copy of the parameters without the layers that training removes."""
        vector = self.parameters.copy()
        self._steps.fold(self.views(vector))
        return vector

    def forward(
        self, targets: Targets, generator: np.random.Generator | None = None
    ) -> tuple[float, int]:
        """Return the sum of the losses of the batch in `room`, and the number of correct samples.

        Parameters
        ----------
        targets : (samples,) int64 or (samples, outputs)
            The targets of the first rows of `room`.
        generator : Generator or None
            Random numbers for a training step; None in validation.
        """
        self._rows = len(targets)
        z, delta = self._z[: self._rows], self._delta[: self._rows]
        self._steps.forward(z, generator)
        total, correct = 0.0, 0
        for part in cut(self._rows, max(1, _OUTPUTS // z.shape[1])):
            loss, count = self._loss.backward(self._function, z[part], targets[part], delta[part])
            total, correct = total + loss, correct + count
        return total, correct

    def backward(
        self, targets: Targets, generator: np.random.Generator | None = None
    ) -> tuple[float, int]:
        """Set `gradient` to the gradient of the batch's mean loss, and return as `forward` does."""
        loss, correct = self.forward(targets, generator)
        delta = self._delta[: self._rows]
        delta *= 1 / self._rows
        self._steps.backward(delta, None)
        return loss, correct

    @property
    def statistics_are_finite(self) -> bool:
        """Whether all statistics are finite."""
        return all(np.isfinite(vector).all() for vector in self.statistics.values())

    def first_nonfinite(self) -> str | None:
        """Return the layer with the first non-finite number of the latest batch.

        The order is that of computation; see `Steps.trace`.
        """
        arrays = self._steps.trace(self._z[: self._rows], self._delta[: self._rows])
        return next((name for name, array in arrays if not np.isfinite(array).all()), None)

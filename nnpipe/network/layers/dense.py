"""A fully connected layer of neurons: f(P [x; 1]), with one parameter matrix P.

With A = [x | 1], the inputs beside a column of ones, the sums are Z = A Pᵀ and the outputs f(Z).
Going back, with δ = f'(Z) ⊙ dL/df: dL/dP = δᵀ A, whose last column is the gradient of the biases,
and dL/dx = δ W, where W is P without its last column.

References
----------
Rumelhart, Hinton, Williams: Learning representations by back-propagating errors (Nature, 1986).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nnpipe.config.kind import AUTO, MISSING, Choice, Kind
from nnpipe.config.options import choice, option
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.initializers import INITIALIZERS, guess_initializer
from nnpipe.network.initializers.base import Draw, initialize
from nnpipe.network.layers.base import Affine, Arrays, Forward, LayerKind, Shape, Step, Workspace
from nnpipe.network.purpose import Purpose
from nnpipe.system.products import multiply

# Bias and activation are applied block by block, so that the activation finds the block in cache.
_BLOCK_BYTES = 256 << 10

# Adding the bias of a few neurons takes half the time if it is repeated over many samples.
_REPEATED = 8192


@dataclass(frozen=True)
class DenseOptions:
    """The options of dense."""

    neurons: int = option(MISSING, "number of neurons", at_least=1)
    activation: Choice[Activation] = choice(
        ACTIVATIONS, AUTO, "function of the sums; auto: see architecture=mlp"
    )
    initializer: Choice[Draw] = choice(
        INITIALIZERS,
        AUTO,
        "initial parameters, with the bias column; auto: see architecture=mlp",
        guess_initializer,
    )


@dataclass(frozen=True)
class Dense(LayerKind):
    """The layer with one array, `parameters`, (neurons, inputs + 1), the bias in the last column.

    >>> import nnpipe
    >>> nnpipe.build({"inputs": 3, "sizes": [2]}).layers[0].parameters.shape
    (2, 4)
    """

    options: DenseOptions
    absorbs = True

    @cached_property
    def _decided(self) -> DenseOptions:
        """The options, with those of the article where `auto` was not resolved."""
        return self.resolved(Purpose(), last=False)

    def outputs(self, inputs: int) -> int:
        """Return the number of neurons."""
        return self.options.neurons

    def arrays(self, inputs: int) -> Mapping[str, Shape]:
        """Return the shape of the parameter matrix."""
        return {"parameters": (self.options.neurons, inputs + 1)}

    def initialize(
        self, inputs: int, generator: np.random.Generator, dtype: np.dtype[np.floating[Any]]
    ) -> Arrays:
        """Return a matrix drawn by the initializer."""
        neurons, initializer = self.options.neurons, self._decided.initializer
        return {"parameters": initialize(initializer, generator, neurons, inputs, dtype)}

    def formula(self, arrays: Arrays, x: Any) -> Any:
        """Return f(x Wᵀ + b)."""
        weights, bias = arrays["parameters"][:, :-1], arrays["parameters"][:, -1]
        return self.activation.make().formula(x @ weights.T + bias)

    def inference(self, arrays: Arrays, inputs: int) -> DenseForward:
        """Return the layer with a copy of its matrix."""
        return DenseForward(arrays["parameters"], self.activation.make())

    def training(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> Step:
        """Return the layer in training; see `Step`."""
        function = None if self.activation.kind == "linear" else self.activation.make()
        return _Step(arrays["parameters"], gradients["parameters"], function, space)

    @property
    def activation(self) -> Choice[Activation]:
        """The activation f."""
        return self._decided.activation

    def linear(self) -> Dense:
        """Return the layer with f(z) = z."""
        return Dense(replace(self.options, activation=ACTIVATIONS.choice("linear")))

    def absorb(
        self, arrays: Arrays, before: Affine | None = None, after: Affine | None = None
    ) -> Arrays:
        """Return the matrix that includes an affine map of the inputs, or of the sums.

        Before: W (s x + t) + b = (W s) x + (b + W t). After: s (W x + b) + t = (s W) x + (s b + t).

        Parameters
        ----------
        before : Affine, optional
            A map of the inputs. Its vectors have one entry per input.
        after : Affine, optional
            A map of the sums. Its vectors have one entry per neuron.
        """
        matrix = arrays["parameters"].copy("K")
        weights, bias = matrix[:, :-1], matrix[:, -1]
        if before is not None:
            if np.ndim(before.shift):
                # Not BLAS: the last bits of its products may depend on the number of threads.
                bias += np.einsum("ni,i->n", weights, before.shift)
            elif before.shift:
                bias += before.shift * weights.sum(axis=1, dtype=np.float64)
            weights *= before.scale
        if after is not None:
            matrix *= np.reshape(after.scale, (-1, 1))
            bias += after.shift
        return {"parameters": matrix}

    def split(self, arrays: Arrays) -> tuple[LayerKind, Arrays, Affine] | None:
        """Return a layer of tanh instead of one of sigmoids.

        1 / (1 + e^-z) = 1/2 + tanh(z / 2) / 2, and one tanh takes a third of the time of the four
        steps of a sigmoid. A factor of one half is exact.
        """
        if self.activation.kind != "sigmoid":
            return None
        tanh = Dense(replace(self.options, activation=ACTIVATIONS.choice("tanh")))
        return tanh, self.absorb(arrays, after=Affine(scale=0.5)), Affine(scale=0.5, shift=0.5)

    def resolved(self, purpose: Purpose, *, last: bool) -> DenseOptions:
        """Return the options with an activation and an initializer for each `auto`."""
        activation, initializer = self.options.activation, self.options.initializer
        if activation == AUTO:
            activation = purpose.activation(last, self.options.neurons)
        if initializer == AUTO:
            initializer = purpose.initializer(activation.kind)
        return replace(self.options, activation=activation, initializer=initializer)

    def weights(self, arrays: Arrays) -> Sequence[Array]:
        """Return the matrix without the bias, (neurons, inputs)."""
        return (arrays["parameters"][:, :-1],)

    def biases(self, arrays: Arrays) -> Sequence[Array]:
        """Return the last column, (neurons,)."""
        return (arrays["parameters"][:, -1],)


class DenseForward(Forward):
    """The layer in inference: z = [x 1] @ Pᵀ, then the function in place.

    The transposed copy makes BLAS faster for few samples and for few neurons.

    Parameters
    ----------
    parameters : (neurons, inputs + 1) array
    function : Activation

    Attributes
    ----------
    transposed : (inputs + 1, neurons) array, C-contiguous
        The last row is the bias.
    """

    def __init__(self, parameters: Array, function: Activation) -> None:
        self.transposed: Array = np.array(parameters.T, order="C")
        self.function = function
        self._weights, self._bias = self.transposed[:-1], self.transposed[-1]
        # Repeated biases must not take more memory than the parameters of many small layers.
        most = min(_REPEATED, parameters.size) // len(parameters)
        self._repeated = np.tile(self._bias, 1 << max(1, most).bit_length() - 1)
        self._block = max(1, _BLOCK_BYTES // parameters[:, 0].nbytes)

    def __call__(self, x: Array, out: Array) -> None:
        """Write the outputs into `out`, C-contiguous."""
        np.matmul(x, self._weights, out=out)
        for start in range(0, len(out), self._block):
            part = out[start : start + self._block]
            self._add_bias(part)
            self.function.forward(part, part)

    def one(self, x: Array, out: Array) -> None:
        """Write the outputs of one sample with as few calls as possible, which take the time."""
        np.dot(x, self.transposed, out)
        self.function.forward(out, out)

    def _add_bias(self, z: Array) -> None:
        together = self._repeated.size // self._bias.size
        whole = len(z) - len(z) % together
        if whole:
            repeated = z[:whole].reshape(-1, self._repeated.size)
            repeated += self._repeated
        if whole < len(z):
            z[whole:] += self._bias


class _Step(Step):
    """The layer in training. Its room ends with a column of ones: weights and bias are one product.

    Parameters
    ----------
    parameters, gradient : (neurons, inputs + 1) arrays in Fortran order, the fastest one for BLAS
    function : Activation or None
        None for f(z) = z.
    """

    def __init__(
        self, parameters: Array, gradient: Array, function: Activation | None, space: Workspace
    ) -> None:
        neurons, columns = parameters.shape
        self.room = np.ones((space.rows, columns), space.dtype)
        self._weights, self._transposed = parameters[:, :-1], parameters.T
        self._gradient = gradient.T
        self._function, self._threads = function, space.threads
        # The derivative of most functions needs no sums.
        kept = function is not None and function.needs_z
        self._z: Array = space.empty(neurons) if kept else space.scratch(neurons)
        self._out = self._z

    def forward(self, out: Array, generator: np.random.Generator | None) -> None:
        """Write f(A Pᵀ)."""
        rows = len(out)
        z = out if self._function is None else self._z[:rows]
        multiply((self.room[:rows], self._transposed, z), threads=self._threads)
        if self._function is not None:
            self._function.forward(z, out)
        self._out = out

    def backward(self, delta: Array, before: Array | None) -> None:
        """Write δᵀ A and δ W."""
        a = self.room[: len(delta)]
        if self._function is not None:
            self._function.backward(self._z[: len(delta)], self._out, delta)
        products = [(a.T, delta, self._gradient)]
        if before is not None:
            products.append((delta, self._weights, before))
        multiply(*products, threads=self._threads)


dense = Kind(DenseOptions, Dense)

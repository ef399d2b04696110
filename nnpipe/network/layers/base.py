"""The base of layers: what a kind of layer is without numbers, in inference and in training.

A layer is a transform of samples, (samples, inputs) to (samples, outputs), with named arrays of
trained numbers. Everything else in nnpipe asks it these questions and assumes nothing about it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from nnpipe.config.kind import Choice
from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.purpose import Purpose

Arrays = Mapping[str, Array]
"""The arrays of a layer by name, in the order of `LayerKind.arrays`."""

Shape = tuple[int, ...]


class Affine(NamedTuple):
    """The map of each feature from x to scale x + shift.

    Attributes
    ----------
    scale, shift : vector with one entry per feature, or a number for all of them
    """

    scale: Array | float = 1.0
    shift: Array | float = 0.0


class Forward(Protocol):
    """A layer that is ready for inference. Its arrays must not change."""

    def __call__(self, x: Array, out: Array) -> None:
        """Write the outputs for x, (samples, inputs), into `out`, (samples, outputs)."""
        ...

    def one(self, x: Array, out: Array) -> None:
        """Write the outputs for one sample, (inputs + 1,) with a last 1, into `out`, (outputs,)."""
        self(x[np.newaxis, :-1], out[np.newaxis])

    def in_thread(self) -> Forward:
        """Return the function for another thread."""
        return self


class Workspace:
    """What the layers of a network in training share.

    Parameters
    ----------
    rows : int
        The size of the largest batch.
    widest : int
        The most numbers that a layer computes for a sample.
    dtype : floating dtype
    threads : int
        The number of threads per product. The result is the same to the bit.
    """

    def __init__(
        self, rows: int, widest: int, dtype: np.dtype[np.floating[Any]], threads: int = 1
    ) -> None:
        self.rows, self.dtype, self.threads = rows, dtype, threads
        self._shared: Array = np.empty(rows * widest, dtype)

    def empty(self, columns: int) -> Array:
        """Return a new array, (rows, columns)."""
        return np.empty((self.rows, columns), self.dtype)

    def scratch(self, columns: int) -> Array:
        """Return an array, (rows, columns), which every layer may overwrite at any time."""
        return self._shared[: self.rows * columns].reshape(self.rows, columns)


class Step(Protocol):
    """A layer in training, with arrays that are allocated once.

    Attributes
    ----------
    room : (rows, inputs) or (rows, inputs + 1) array
        The caller writes the inputs of the layer here. If there is one more column, it holds ones,
        which the caller must not change.
    statistics : mapping of str to vector
        Running statistics of the training batches, by name.
    """

    room: Array
    statistics: Mapping[str, Array] = {}

    def forward(self, out: Array, generator: np.random.Generator | None) -> None:
        """Write the outputs for the first rows of `room`, which do not change.

        Parameters
        ----------
        out : (samples, outputs) array
            Its rows are contiguous. It does not change before `backward`.
        generator : Generator or None
            Random numbers for a training step; None in validation.
        """

    def backward(self, delta: Array, before: Array | None) -> None:
        """Propagate the gradient of a scalar L, for the batch of the latest `forward`.

        Parameters
        ----------
        delta : (samples, outputs) array
            dL/d(outputs), which may be overwritten.
        before : (samples, inputs) array or None
            Receives dL/d(inputs). The gradients of the layer's arrays are written too.
        """

    def left(self) -> Sequence[Affine]:
        """Return the maps that training leaves of a layer that `leaves` a map, in order."""
        return ()

    def fold(self, arrays: Arrays) -> None:
        """Absorb the maps that inner layers leave into a copy of the layer's arrays, in place."""


class LayerKind(Protocol):
    """A layer without numbers. Only `formula` and `training` have no default.

    Attributes
    ----------
    options : dataclass
        The options of the kind.
    leaves : str
        What training leaves of it: the `layer`; a `map` of each feature, which the next layer
        absorbs; or `nothing`.
    absorbs : bool
        Whether `absorb` can be called.
    """

    options: Any
    leaves: Literal["layer", "map", "nothing"] = "layer"
    absorbs: bool = False

    def arrays(self, inputs: int) -> Mapping[str, Shape]:
        """Return the names and shapes of the trained arrays; by default, none."""
        return {}

    def initialize(
        self, inputs: int, generator: np.random.Generator, dtype: np.dtype[np.floating[Any]]
    ) -> Arrays:
        """Return new arrays, drawn in float64 and rounded to the dtype."""
        return {}

    def formula(self, arrays: Arrays, x: Any) -> Any:
        """Return the outputs for x, (samples, inputs), by plain array operations."""
        ...

    def training(self, arrays: Arrays, gradients: Arrays, inputs: int, space: Workspace) -> Step:
        """Return the layer in training.

        Parameters
        ----------
        arrays, gradients : mapping of str to array
            Two sets of arrays in Fortran order. A step reads the first and writes the second.
        """
        ...

    def inference(self, arrays: Arrays, inputs: int) -> Forward:
        """Return the layer ready for inference; by default, the formula."""
        return Formula(self, arrays)

    def outputs(self, inputs: int) -> int:
        """Return the number of outputs; by default as many as inputs.

        Raises
        ------
        DataError
            If the layer cannot have so many inputs.
        """
        return inputs

    def widths(self, inputs: int) -> Sequence[int]:
        """Return how many numbers each array has that inference computes for a sample."""
        return (self.outputs(inputs),)

    @property
    def activation(self) -> Choice[Activation] | None:
        """The activation that ends the layer, or None."""
        return None

    def linear(self) -> LayerKind:
        """Return the layer without its activation."""
        return self

    def absorb(
        self, arrays: Arrays, before: Affine | None = None, after: Affine | None = None
    ) -> Arrays:
        """Return the arrays of a layer that includes a map of its inputs, or of its sums."""
        problem = "absorb: this kind of layer absorbs no map"
        raise TypeError(problem)

    def mixes_samples(self) -> bool:
        """Return whether a training step normalizes over the samples of a batch."""
        return False

    def split(self, arrays: Arrays) -> tuple[LayerKind, Arrays, Affine] | None:
        """Return a layer and its arrays, and the affine map that makes this layer of it.

        None if there is no such map that would be worth to be absorbed by the next layer.
        """
        return None

    def weights(self, arrays: Arrays) -> Sequence[Array]:
        """Return the numbers that penalties shrink, as NumPy views of the arrays."""
        return ()

    def biases(self, arrays: Arrays) -> Sequence[Array]:
        """Return the numbers that are added to sums, as NumPy views of the arrays."""
        return ()

    def statistics(self, inputs: int) -> Mapping[str, int]:
        """Return the names and sizes of `Step.statistics`."""
        return {}

    def resolved(self, purpose: Purpose, *, last: bool) -> Any:
        """Return the options with a value for each `auto`, for a hidden layer or the last one."""
        return self.options

    def lasting(self) -> Any:
        """Return the options that describe the layer after training."""
        return self.options

    def describe(self, inputs: int) -> str:
        """Return a short text for the table of a network: the shapes of the arrays."""
        return ", ".join(" × ".join(map(str, shape)) for shape in self.arrays(inputs).values())


@dataclass(frozen=True)
class Formula(Forward):
    """The formula of a layer as its function in inference."""

    kind: LayerKind
    arrays: Arrays

    def __call__(self, x: Array, out: Array) -> None:
        """Write the outputs for x, (samples, inputs), into `out`, (samples, outputs)."""
        np.copyto(out, self.kind.formula(self.arrays, x))


def count(shapes: Mapping[str, Shape]) -> int:
    """Return the number of entries of arrays of these shapes.

    >>> count({"parameters": (3, 5), "shift": (4,)})
    19
    """
    return sum(math.prod(shape) for shape in shapes.values())

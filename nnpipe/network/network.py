"""A network: layers, each applied to the outputs of the previous layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nnpipe.errors import DataError
from nnpipe.network.activations.base import Array
from nnpipe.network.chain import Chain, joined, split
from nnpipe.network.layer import Layer
from nnpipe.network.stack import Stack

Execute = Callable[[Array], Array]
"""``execute(x)`` returns the outputs for x, (samples, inputs), in the network's dtype."""

Prepare = Callable[["Network"], Execute]
"""``prepare(network)`` is called once and returns the function that executes the network."""


def formula(network: Network, x: Array) -> Array:
    """Return the network's outputs by definition: o_0(X) = X, o_i(X) = f_i(o_{i-1}(X)).

    Parameters
    ----------
    network : Network
    x : (samples, inputs) array of the network's dtype
    """
    for layer in network.layers:
        x = layer(x)
    return x


def plain(network: Network) -> Execute:
    """Return the formula as the function that executes the network."""
    return partial(formula, network)


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A stack of layers with matching sizes.

    Parameters
    ----------
    layers : tuple of Layer
        In the order in which data passes through them.
    prepare : Prepare
        Makes the function that executes the network: the formula, or an engine.

    Raises
    ------
    DataError
        If there is no layer, if two have the same name, or if the sizes or dtypes of neighbours do
        not match.
    """

    layers: tuple[Layer, ...]
    prepare: Prepare = plain

    def __post_init__(self) -> None:
        if not self.layers:
            problem = "layers: found none; expected at least one"
            raise DataError(problem)
        names: set[str] = set()
        for layer in self.layers:
            if layer.name in names:
                problem = f"layers: found two named {layer.name!r}; expected different names"
                raise DataError(problem)
            names.add(layer.name)
        for before, layer in pairwise(self.layers):
            if layer.inputs != before.outputs:
                problem = (
                    f"layers.{layer.name}: found {layer.inputs} inputs; "
                    f"expected {before.outputs}, the outputs of {before.name!r}"
                )
                raise DataError(problem)
        if not self.arrays:
            problem = "layers: found none with parameters; expected at least one"
            raise DataError(problem)
        for name, array in self.arrays.items():
            if array.dtype != self.dtype:
                problem = f"layers.{name}: found {array.dtype}; expected {self.dtype}, as before it"
                raise DataError(problem)

    @property
    def inputs(self) -> int:
        """The number of features that a sample must have."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """The number of outputs of the last layer."""
        return self.layers[-1].outputs

    @cached_property
    def arrays(self) -> Mapping[str, Array]:
        """The arrays of all layers, named ``layer.array``."""
        return joined((layer.name, layer.arrays) for layer in self.layers)

    @property
    def stack(self) -> Stack:
        """The kinds of the layers by name, in order."""
        return {layer.name: layer.declared for layer in self.layers}

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The dtype of all parameters, and of the outputs."""
        return next(iter(self.arrays.values())).dtype

    @property
    def parameter_count(self) -> int:
        """The number of entries of all arrays."""
        return sum(array.size for array in self.arrays.values())

    @property
    def nbytes(self) -> int:
        """The size of the parameters in bytes."""
        return sum(array.nbytes for array in self.arrays.values())

    @property
    def widths(self) -> Sequence[int]:
        """How many numbers each array has that is computed for a sample."""
        return Chain.of(self.stack).widths(self.inputs)

    @cached_property
    def _execute(self) -> Execute:
        return self.prepare(self)

    def astype(self, dtype: DTypeLike) -> Network:
        """Return the network with parameters of a dtype, or itself if it already has the dtype."""
        if self.dtype == dtype:
            return self
        return self.with_arrays({name: a.astype(dtype) for name, a in self.arrays.items()})

    def with_arrays(self, arrays: Mapping[str, Array]) -> Network:
        """Return the network with other arrays, named as in `arrays`."""
        parts = split(arrays)
        layers = (layer.with_arrays(parts.get(layer.name, {})) for layer in self.layers)
        return replace(self, layers=tuple(layers))

    def samples(self, x: ArrayLike) -> NDArray[np.generic]:
        """Return samples as an array, (inputs,) or (samples, inputs).

        Raises
        ------
        DataError
            If `x` contains anything but real numbers, or has another shape.
        """
        samples = _real_array(x)
        if samples.ndim not in (1, 2) or samples.shape[-1] != self.inputs:
            problem = (
                f"x: found shape {samples.shape}; "
                f"expected ({self.inputs},) or (samples, {self.inputs})"
            )
            raise DataError(problem)
        return samples

    def __call__(self, x: ArrayLike) -> Array:
        """Return the outputs for one or more samples.

        Parameters
        ----------
        x : array-like of real numbers, (inputs,) or (samples, inputs)

        Returns
        -------
        (outputs,) or (samples, outputs) array of the network's dtype

        Raises
        ------
        DataError
            If `x` contains anything but real numbers, or has another shape.
        """
        samples = self.samples(x)
        rows = samples if samples.ndim == 2 else samples[np.newaxis]
        outputs = self._execute(rows.astype(self.dtype, copy=False))
        return outputs if samples.ndim == 2 else outputs[0]

    def __repr__(self) -> str:
        sizes = "-".join(str(n) for n in (self.inputs, *(layer.outputs for layer in self.layers)))
        return f"<Network {sizes}, {self.parameter_count:,} parameters, {self.dtype}>"


def _real_array(x: ArrayLike) -> NDArray[np.generic]:
    try:
        array: NDArray[np.generic] = np.asarray(x)
    except ValueError as error:
        problem = "x: found rows of different lengths; expected an array of real numbers"
        raise DataError(problem) from error
    if array.dtype.kind not in "biuf":
        problem = f"x: found dtype {array.dtype}; expected real numbers"
        raise DataError(problem)
    return array

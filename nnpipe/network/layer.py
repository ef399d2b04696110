"""A layer of a network: a kind of layer with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nnpipe.config.kind import Choice
from nnpipe.errors import DataError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation, Array
from nnpipe.network.layers.base import Arrays, LayerKind


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer with its arrays.

    Parameters
    ----------
    name : str
        The name of the layer in the config and in every artifact.
    declared : Choice
        The kind of layer and its options.
    inputs : int
        The number of inputs.
    arrays : mapping of str to array
        The numbers, in one dtype. The layer keeps read-only NumPy views of them. They must not
        change while a network with the layer is in use.

    Raises
    ------
    DataError
        If an array is missing or has another shape than the kind says.
    """

    name: str
    declared: Choice[LayerKind]
    inputs: int
    arrays: Arrays

    def __post_init__(self) -> None:
        wanted = self.transform.arrays(self.inputs)
        found = {name: array.shape for name, array in self.arrays.items()}
        for name in {**wanted, **found}:
            if found.get(name) != wanted.get(name):
                problem = (
                    f"layers.{self.name}.{name}: found {found.get(name, 'no array')}; "
                    f"expected {wanted.get(name, 'no array')}"
                )
                raise DataError(problem)
        views = {name: self.arrays[name].view() for name in wanted}
        for view in views.values():
            view.flags.writeable = False
        object.__setattr__(self, "arrays", views)

    @cached_property
    def transform(self) -> LayerKind:
        """What the layer does."""
        return self.declared.make()

    @property
    def kind(self) -> str:
        """The name of the kind in the registry."""
        return self.declared.kind

    @property
    def outputs(self) -> int:
        """The number of outputs of a sample."""
        return self.transform.outputs(self.inputs)

    @property
    def activation(self) -> str:
        """The name of the activation that ends the layer; `linear` if there is none."""
        activation = self.transform.activation
        return "linear" if activation is None else activation.kind

    @property
    def function(self) -> Activation:
        """The activation that ends the layer."""
        return (self.transform.activation or ACTIVATIONS.choice("linear")).make()

    @property
    def parameters(self) -> Array:
        """The parameter matrix of a dense layer, (neurons, inputs + 1), the bias last."""
        if "parameters" not in self.arrays:
            names = ", ".join(self.arrays) or "none"
            problem = f"the layer {self.name!r} of the kind {self.kind!r} has the arrays: {names}"
            raise AttributeError(problem)
        return self.arrays["parameters"]

    @property
    def parameter_count(self) -> int:
        """The number of entries of all arrays."""
        return sum(array.size for array in self.arrays.values())

    def with_arrays(self, arrays: Mapping[str, Array]) -> Layer:
        """Return the layer with other numbers."""
        return Layer(self.name, self.declared, self.inputs, arrays)

    def describe(self) -> str:
        """Return the shapes of the arrays as a short text."""
        return self.transform.describe(self.inputs)

    def __call__(self, x: Any) -> Any:
        """Return the outputs, (samples, outputs), for inputs (samples, inputs), by the formula."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.transform.formula(self.arrays, x)

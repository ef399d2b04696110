"""A fully connected layer: f(P [x; 1]), with one parameter matrix P."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnpipe.config.kind import Choice
from nnpipe.config.load import store
from nnpipe.errors import DataError
from nnpipe.network.activations.base import Activation, Array


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of neurons with its parameters.

    Parameters
    ----------
    name : str
        The name of the layer in the config and in every artifact.
    parameters : (neurons, inputs + 1) array, C-contiguous
        The parameter matrix. Its last column is the bias. The layer keeps a read-only NumPy view.
        The array must not change while a network with the layer is in use.
    activation : str
        The name of the activation in the registry.
    function : Activation
        The activation with its options.
    options : mapping of str to Any
        The activation's options, if it has any.

    Raises
    ------
    DataError
        If `parameters` is not a matrix, or has no neuron or no input.
    """

    name: str
    parameters: Array
    activation: str
    function: Activation
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, name: str, parameters: Array, activation: Choice[Activation]) -> Layer:
        """Return a layer with an activation chosen by a config or a file."""
        return cls(name, parameters, activation.kind, activation.make(), store(activation.options))

    def __post_init__(self) -> None:
        shape = self.parameters.shape
        if len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
            problem = (
                f"layers.{self.name}: found parameters of shape {shape}; "
                "expected (neurons, inputs + 1), with at least one neuron and one input"
            )
            raise DataError(problem)
        parameters = self.parameters.view()
        parameters.flags.writeable = False
        object.__setattr__(self, "parameters", parameters)

    @property
    def inputs(self) -> int:
        """The number of inputs of each neuron, not counting the bias."""
        return self.parameters.shape[1] - 1

    @property
    def neurons(self) -> int:
        """The number of neurons, which is the number of outputs."""
        return self.parameters.shape[0]

    @property
    def weights(self) -> Array:
        """The parameters without the bias, a NumPy view, (neurons, inputs)."""
        return self.parameters[:, :-1]

    @property
    def bias(self) -> Array:
        """The last column of the parameters, a NumPy view, (neurons,)."""
        return self.parameters[:, -1]

    def __call__(self, x: Array) -> Array:
        """Return the layer's outputs, (samples, neurons), for inputs (samples, inputs)."""
        return self.function(x @ self.weights.T + self.bias)

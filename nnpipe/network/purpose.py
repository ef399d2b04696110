"""What a network is for, which decides the options of its layers that are `auto`."""

from __future__ import annotations

from dataclasses import dataclass

from nnpipe.config.kind import Choice
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.initializers.base import Draw

_SATURATING = ("sigmoid", "tanh", "hard_sigmoid")


@dataclass(frozen=True)
class Purpose:
    """The task of a network; by default none, as in the article.

    Parameters
    ----------
    trains : bool
        Whether the network will be trained.
    outputs : int
        The number of classes or targets.
    output : str
        The activation of the last layer that suits them.
    """

    trains: bool = False
    outputs: int = 5
    output: str = "sigmoid"

    def activation(self, last: bool = False, neurons: int | None = None) -> Choice[Activation]:
        """Return the activation of a hidden layer or of the last one, with so many neurons."""
        if not self.trains:
            return ACTIVATIONS.choice("sigmoid")
        # A softmax of one neuron is always 1.
        output = "sigmoid" if self.output == "softmax" and neurons == 1 else self.output
        return ACTIVATIONS.choice(output if last else "relu")

    def initializer(self, activation: str) -> Choice[Draw]:
        """Return the initializer that suits a layer with this activation.

        References
        ----------
        Glorot, Bengio (2010) for functions that saturate, He et al. (2015) for the others.
        """
        if not self.trains:
            return INITIALIZERS.choice("normal")
        kind = "glorot_uniform" if activation in _SATURATING else "he_normal"
        return INITIALIZERS.choice(kind, bias=INITIALIZERS.choice("zeros"))

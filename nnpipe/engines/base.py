"""What an engine is: a way to execute a network over a batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnpipe.network.network import Network

Array = NDArray[np.floating[Any]]


class Engine(Protocol):
    """Executes one network.

    Parameters
    ----------
    network : Network
        Its parameters must not change while the engine lives.
    tile : int or None
        How many samples to multiply together; None: what suits the network.
    """

    def __init__(self, network: Network, tile: int | None = None) -> None: ...

    def forward(self, x: Array, keep: Collection[str] = ()) -> tuple[Array, Mapping[str, Array]]:
        """Execute the network on a batch.

        Parameters
        ----------
        x : (samples, inputs)
            In the network's dtype, C-contiguous. It is not changed.
        keep : collection of str
            Names of layers whose activations are wanted beside the outputs.

        Returns
        -------
        outputs : (samples, neurons of the last layer)
            A new array in the network's dtype.
        activations : mapping of str to (samples, neurons of the layer)
            One entry for each name in `keep`.
        """
        ...

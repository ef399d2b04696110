"""The reference engine: for each layer, one matrix product, one sum and one function."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from nnpipe.config.kind import Kind
from nnpipe.engines.base import Array, EngineOptions
from nnpipe.network.network import Network


class ReferenceEngine:
    """o_0(X) = X, o_i(X) = f_i(o_{i-1}(X)), on whole arrays. It is simple rather than fast."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def forward(self, x: Array, keep: Collection[str] = ()) -> tuple[Array, Mapping[str, Array]]:
        """Execute the network on a batch; see `Engine.forward`."""
        kept: dict[str, Array] = {}
        with np.errstate(all="ignore"):
            for layer in self.network.layers:
                x = layer(x)
                if layer.name in keep:
                    kept[layer.name] = x
        return x, kept


reference = Kind(EngineOptions, lambda options: ReferenceEngine)

"""The base of engines, which execute a network on a batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.options import option
from nnpipe.network.network import Network

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class EngineOptions:
    """The options of every engine."""

    batch_size: int | None = option(
        None,
        "samples to read together, in whole tiles; null: about 2 MiB, at least two tiles",
        at_least=1,
    )
    threads: int | None = option(
        None, "batches to compute at the same time; null: one per core", at_least=1
    )
    memory_limit: int | None = option(
        None, "MiB for the whole process, kept by using fewer threads; null: no limit", at_least=1
    )

    @property
    def tile_rows(self) -> int | None:
        """The number of samples in a tile; None: from the network."""
        return None


@dataclass(frozen=True)
class TiledOptions(EngineOptions):
    """The options of an engine that works tile by tile."""

    tile: int | None = option(
        None,
        "samples to multiply together; null: from the layers' sizes",
        at_least=1,
    )

    @property
    def tile_rows(self) -> int | None:
        """See `EngineOptions.tile_rows`."""
        return self.tile


class Engine(Protocol):
    """An executor of one network, whose parameters must not change while the engine is in use."""

    def forward(self, x: Array, keep: Collection[str] = ()) -> tuple[Array, Mapping[str, Array]]:
        """Execute the network on a batch.

        Parameters
        ----------
        x : (samples, inputs)
            In the network's dtype, C-contiguous. The engine does not change it.
        keep : collection of str
            The names of layers whose activations to return too.

        Returns
        -------
        outputs : (samples, neurons of the last layer)
            A new array in the network's dtype.
        activations : mapping of str to (samples, neurons of the layer)
            One entry for each name in `keep`.
        """
        ...


MakeEngine = Callable[[Network], Engine]

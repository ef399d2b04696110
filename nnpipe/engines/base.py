"""What an engine is: a way to execute a network over a batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.kind import option
from nnpipe.network.network import Network

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class EngineOptions:
    """What every engine takes."""

    batch_size: int | None = option(
        None,
        "samples read together, in whole tiles; null: about 2 MiB, at least two tiles",
        at_least=1,
    )
    threads: int | None = option(
        None, "batches computed at the same time; null: one for each core", at_least=1
    )
    memory_limit: int | None = option(
        None, "MiB for the whole process, to which threads are given up; null: none", at_least=1
    )

    @property
    def tile_rows(self) -> int | None:
        """Samples that pass through the layers together; None: what suits the network."""
        return None


@dataclass(frozen=True)
class TiledOptions(EngineOptions):
    """What an engine takes that works tile by tile."""

    tile: int | None = option(
        None,
        "samples that pass through the layers together; null: from the layers' sizes",
        at_least=1,
    )

    @property
    def tile_rows(self) -> int | None:
        """See `EngineOptions.tile_rows`."""
        return self.tile


class Engine(Protocol):
    """Executes one network, whose parameters must not change while the engine lives."""

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


MakeEngine = Callable[[Network], Engine]

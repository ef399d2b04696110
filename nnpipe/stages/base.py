"""What a stage is: one step of the pipeline, and what the stages of a run share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nnpipe.config.schema import Config
from nnpipe.engines.base import Engine
from nnpipe.network.network import Network
from nnpipe.sources.input import Input


class Sink(Protocol):
    """Takes the datasets of a run, batch by batch."""

    def create(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, dims: tuple[str, ...], title: str
    ) -> None:
        """Announce a dataset: its path, its final shape, its dtype, its dimensions, its title."""
        ...

    def write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Store rows of an announced dataset, beginning at row `start`."""
        ...


class Progress(Protocol):
    """Is told how far a stage is."""

    def begin(self, title: str, samples: int) -> None:
        """Begin to count towards a number of samples."""
        ...

    def advance(self, samples: int) -> None:
        """Count samples that are done."""
        ...

    def end(self) -> None:
        """Stop counting."""
        ...


class Silence:
    """A progress that shows nothing."""

    def begin(self, title: str, samples: int) -> None:
        """Show nothing."""

    def advance(self, samples: int) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


@dataclass
class Work:
    """What the stages of one run share; a stage may replace the network for those after it.

    Attributes
    ----------
    figures : dict
        What a stage found out, as numbers, texts and lists; it goes into the manifest.
    """

    config: Config
    network: Network
    engine: Callable[[Network], Engine]
    input: Input
    sink: Sink
    progress: Progress = field(default_factory=Silence)
    figures: dict[str, Any] = field(default_factory=dict[str, Any])


class Stage(Protocol):
    """One step of the pipeline."""

    def __call__(self, work: Work) -> None:
        """Do the step: read the input, write to the sink, add to the figures."""
        ...


def batch_rows(config: Config, features: int, dtype: np.dtype[Any]) -> int:
    """Return how many samples to read together.

    What `engine.batch_size` says, or else the power of two that makes about 16 MiB of input. It
    depends on nothing else: where batches end can change the last bit of an output, and the same
    samples are to give the same bits from whatever kind of file.
    """
    if config.engine.batch_size is not None:
        return config.engine.batch_size
    rows = max(1, (16 << 20) // (features * dtype.itemsize))
    return 1 << (rows.bit_length() - 1)

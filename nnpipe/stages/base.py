"""What a stage is: one step of the pipeline, and what the stages of a run share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from numpy.typing import DTypeLike, NDArray

from nnpipe.config.schema import Config
from nnpipe.engines.base import Engine
from nnpipe.engines.tiles import tile_rows
from nnpipe.network.network import Network
from nnpipe.sources.input import Input
from nnpipe.stages.metrics import Metrics

_SHARD_ROWS = 1 << 16
_MOST_SHARDS = 1000
_BATCH_BYTES = 2 << 20


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

    def describe(self, title: str) -> None:
        """Change the title."""
        ...

    def end(self) -> None:
        """Stop counting."""
        ...


class ArtifactStore(Protocol):
    """Takes the files that a stage leaves in the run beside the results."""

    def save(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Keep the file that `write` writes, whole or not at all, instead of an older one."""
        ...

    def save_parameters(self, name: str, network: Network) -> None:
        """Keep a network's parameters, in the format of parameters.h5."""
        ...


class Silence:
    """A progress that shows nothing."""

    def begin(self, title: str, samples: int) -> None:
        """Show nothing."""

    def advance(self, samples: int) -> None:
        """Show nothing."""

    def describe(self, title: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


@dataclass
class StageContext:
    """What the stages of one run share; a stage may replace the network for those after it.

    Attributes
    ----------
    validation, test : Input or None
        More labelled samples: what judges a training as it goes, and what judges it at the end.
    infer_shards : callable or None
        Infers the shards somewhere else, and returns their metrics in order; None: here, one
        after the other.
    metrics : dict
        What a stage found out, as numbers, texts and lists; it goes into the manifest.
    """

    config: Config
    network: Network
    engine: Callable[[Network], Engine]
    input: Input
    sink: Sink
    artifacts: ArtifactStore
    validation: Input | None = None
    test: Input | None = None
    progress: Progress = field(default_factory=Silence)
    infer_shards: Callable[[StageContext], Iterable[Metrics]] | None = None
    metrics: dict[str, Any] = field(default_factory=dict[str, Any])


class Stage(Protocol):
    """One step of the pipeline."""

    def __call__(self, context: StageContext) -> None:
        """Do the step: read the input, write to the sink, add to the metrics."""
        ...


def batch_rows(config: Config, network: Network) -> int:
    """Return how many samples to read together, in whole tiles.

    About what `engine.batch_size` says, or else about 2 MiB of input, but two tiles: for less,
    threads would be woken too often. Tiles are never cut, so the same samples give the same bits
    whatever the size of the batches.
    """
    tile = config.engine.tile or tile_rows(network)
    if config.engine.batch_size is not None:
        return max(1, config.engine.batch_size // tile) * tile
    return max(2, _BATCH_BYTES // (network.inputs * network.dtype.itemsize) // tile) * tile


def shards(config: Config, samples: int, network: Network) -> list[range]:
    """Return the samples in shards: what is tallied together, and what one worker does at a time.

    They depend on the config, the network and the number of samples, never on who works on them.
    Each is of whole batches, so that the same samples are multiplied together wherever that
    happens: of 65,536 samples at least, and there are at most about 1,000.
    """
    together = batch_rows(config, network)
    rows = -(-max(_SHARD_ROWS, samples // _MOST_SHARDS) // together) * together
    return [range(start, min(start + rows, samples)) for start in range(0, samples, rows)]

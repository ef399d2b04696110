"""What a stage is: one step of the pipeline, and what the stages of a run share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from numpy.typing import DTypeLike, NDArray

from nnpipe.config.kind import Choice
from nnpipe.engines.base import EngineOptions, MakeEngine
from nnpipe.engines.tiles import tile_rows
from nnpipe.network.network import Network
from nnpipe.runs.options import OutputOptions
from nnpipe.sources.input import Input
from nnpipe.stages.output_metrics import Metrics
from nnpipe.training.recipe import Recipe

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
    network : Network
        The network as it is now.
    engine : Choice
        How it is executed.
    recipe : Recipe
        How it is trained.
    output : OutputOptions
        What the run is to hold.
    validation, test : Input or None
        Further samples with labels or targets: what judges a training after each epoch, and what
        judges the network at the end.
    infer_shards : callable or None
        Infers the shards somewhere else, and returns their metrics in order; None: here, one
        after the other.
    metrics : dict
        What a stage measures, as numbers, texts and lists; it goes into the manifest.
    """

    network: Network
    engine: Choice[MakeEngine]
    recipe: Recipe
    output: OutputOptions
    input: Input
    sink: Sink
    artifacts: ArtifactStore
    validation: Input | None = None
    test: Input | None = None
    progress: Progress = field(default_factory=Silence)
    infer_shards: Callable[[StageContext], Iterable[Metrics]] | None = None
    metrics: dict[str, Any] = field(default_factory=dict[str, Any])


Stage = Callable[[StageContext], None]
"""One step of the pipeline: it reads the input, writes to the sink, adds to the metrics."""


def batch_rows(engine: EngineOptions, network: Network) -> int:
    """Return how many samples to read together, in whole tiles.

    About what `engine.batch_size` says, or else about 2 MiB of input, but two tiles: for less,
    threads would be woken too often. Tiles are never cut, so the same samples give the same bits
    whatever the size of the batches.
    """
    tile = engine.tile_rows or tile_rows(network)
    if engine.batch_size is not None:
        return max(1, engine.batch_size // tile) * tile
    return max(2, _BATCH_BYTES // (network.inputs * network.dtype.itemsize) // tile) * tile


def shards(engine: EngineOptions, samples: int, network: Network) -> list[range]:
    """Return the samples in shards: each has metrics of its own, and is done by one worker.

    They depend on the engine's options, the network and the number of samples, and on nothing else.
    Each is of whole batches, so that the same samples are multiplied together wherever that
    happens: of 65,536 samples at least, and there are at most about 1,000.
    """
    together = batch_rows(engine, network)
    rows = -(-max(_SHARD_ROWS, samples // _MOST_SHARDS) // together) * together
    return [range(start, min(start + rows, samples)) for start in range(0, samples, rows)]

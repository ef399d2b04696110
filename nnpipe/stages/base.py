"""The base of stages: one step of the pipeline, and what the stages of a run share."""

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
    """A receiver of a run's datasets, batch by batch."""

    def create(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, dims: tuple[str, ...], title: str
    ) -> None:
        """Create a dataset with a path, final shape, dtype, dimensions and title."""
        ...

    def write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Write rows of a created dataset, beginning at row `start`."""
        ...


class Progress(Protocol):
    """A receiver of a stage's progress."""

    def begin(self, title: str, samples: int) -> None:
        """Begin to count up to a number of samples."""
        ...

    def advance(self, samples: int) -> None:
        """Count finished samples."""
        ...

    def describe(self, title: str) -> None:
        """Change the title."""
        ...

    def end(self) -> None:
        """Stop counting."""
        ...


class ArtifactStore(Protocol):
    """A receiver of the files that a stage adds to a run besides the results."""

    def save(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Save the file that `write` writes atomically, replacing an older one."""
        ...

    def save_parameters(self, name: str, network: Network) -> None:
        """Save a network's parameters in the format of parameters.h5."""
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
    """What the stages of one run share. A stage may replace the network for later stages.

    Attributes
    ----------
    network : Network
        The current network.
    engine : Choice
        The engine that executes it.
    recipe : Recipe
        The recipe of its training.
    output : OutputOptions
        What the run stores.
    validation, test : Input or None
        More samples with labels or targets, for validation after each epoch and for a final test.
    infer_shards : callable or None
        Infers the shards elsewhere, and returns their metrics in order. If it is None, they are
        inferred here, one after the other.
    metrics : dict
        The metrics of the manifest: numbers, strings and lists.
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
"""One step of the pipeline, which reads the input, writes to the sink and adds metrics."""


def batch_rows(engine: EngineOptions, network: Network) -> int:
    """Return the number of samples to read together, in whole tiles.

    It is `engine.batch_size` in whole tiles, or by default about 2 MiB of input and at least two
    tiles, because smaller batches wake threads too often. Batches never split a tile, so the
    outputs do not depend on the batch size.
    """
    tile = engine.tile_rows or tile_rows(network)
    if engine.batch_size is not None:
        return max(1, engine.batch_size // tile) * tile
    return max(2, _BATCH_BYTES // (network.inputs * network.dtype.itemsize) // tile) * tile


def shards(engine: EngineOptions, samples: int, network: Network) -> list[range]:
    """Return the samples in shards. One worker processes a shard and computes its metrics.

    The shards depend only on the engine's options, the network and the number of samples. Each
    consists of whole batches, so that the same samples are multiplied together on every machine. A
    shard has at least 65,536 samples, and there are at most about 1,000 shards.
    """
    together = batch_rows(engine, network)
    rows = -(-max(_SHARD_ROWS, samples // _MOST_SHARDS) // together) * together
    return [range(start, min(start + rows, samples)) for start in range(0, samples, rows)]

"""Distribute inference over the workers of a Dask cluster, one shard of samples at a time.

Each worker opens the parameters and the input itself, and writes its shard's part of the results.
Only shard numbers and metrics travel over the network. A shard consists of whole batches, so the
parts are bit-identical to what one process would write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from nnpipe.config.kind import Choice
from nnpipe.config.load import load_choice, store
from nnpipe.distributed.cluster import complete, open_cluster
from nnpipe.engines import ENGINES
from nnpipe.engines.base import MakeEngine
from nnpipe.network.network import Network
from nnpipe.runs.options import OutputOptions
from nnpipe.runs.store.artifacts import RunArtifacts
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Artifact, measure
from nnpipe.runs.store.parameters import read_parameters, write_parameters
from nnpipe.runs.store.parts import (
    FOLDER,
    PartSink,
    Receipt,
    copy_part,
    part_name,
    read_receipt,
    tidy,
    write_receipt,
)
from nnpipe.runs.store.record import Record
from nnpipe.runs.store.results import ResultsWriter
from nnpipe.sources import SOURCES
from nnpipe.sources.base import OpenSource
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.stages.base import StageContext
from nnpipe.stages.infer import announce, infer_shard
from nnpipe.stages.output_metrics import Metrics
from nnpipe.training.recipe import Recipe

_NETWORK = "network.h5"


@dataclass(frozen=True)
class Shard:
    """The samples that a worker infers as one task."""

    number: int
    rows: range

    def __str__(self) -> str:
        return f"shard {self.number} (samples {self.rows.start} to {self.rows.stop - 1})"


@dataclass(frozen=True)
class Job:
    """What all the shards of a run share.

    Attributes
    ----------
    folder : Path
        The run's folder, absolute.
    key : str
        Hash of the parameters, input and config that a part is computed from.
    input, engine : Any
        These sections of the config, as plain values.
    """

    folder: Path
    key: str
    input: Any
    engine: Any
    output: OutputOptions
    seed: int


class ShardedInference:
    """Infers the shards of one run on a cluster; see `StageContext.infer_shards`.

    Parameters
    ----------
    folder : Folder
        The run's folder.
    input, engine : Choice
        The engine's options are `DaskOptions`.
    output : OutputOptions
    seed : int
    rows : list of range
        The samples of each shard.

    Attributes
    ----------
    artifacts : dict
        The complete parts, with their sizes and checksums.
    """

    def __init__(
        self,
        folder: Folder,
        input: Choice[OpenSource],
        engine: Choice[MakeEngine],
        output: OutputOptions,
        seed: int,
        rows: list[range],
    ) -> None:
        self.folder, self.input, self.engine = folder, input, engine
        self.output, self.seed = output, seed
        self.shards = [Shard(number, samples) for number, samples in enumerate(rows)]
        self.artifacts: dict[str, Artifact] = {}

    @property
    def parts(self) -> dict[str, range]:
        """The samples that each part holds, by the part's name relative to the run's folder."""
        return {part_name(shard.number): shard.rows for shard in self.shards}

    def __call__(self, context: StageContext) -> Iterator[Metrics]:
        """Yield the shards' metrics in order."""
        with self.folder.inside(FOLDER, make=True) as parts:
            parts.check_all()
            write_parameters(parts, _NETWORK, context.network, context.input.normalization)
        folder = self.folder.path.resolve()
        given = store(self.input), store(self.engine)
        job = Job(folder, self._key(context), *given, self.output, self.seed)
        early: dict[int, Receipt] = {}
        following = 0
        with open_cluster(self.engine.options, "-".join(("nnpipe", *folder.parts[-2:]))) as client:
            for shard, receipt in complete(client, partial(infer_part, job), self.shards):
                self.artifacts[part_name(shard.number)] = receipt.artifact
                context.progress.advance(len(shard.rows))
                early[shard.number] = receipt
                while following in early:
                    metrics = Metrics(context.network, context.input.has_labels)
                    metrics.restore(early.pop(following).metrics)
                    yield metrics
                    following += 1

    def merge(self, writer: ResultsWriter) -> None:
        """Copy the parts into one file."""
        for name, rows in self.parts.items():
            copy_part(self.folder.path / name, rows, writer)

    def finish(self) -> dict[str, Artifact]:
        """Keep the files that the complete run needs; return their sizes and checksums."""
        merged = self.output.merge
        tidy(self.folder, keep=not merged)
        return {} if merged else self.artifacts

    def _key(self, context: StageContext) -> str:
        made_of = {
            "parameters": measure(self.folder.path / FOLDER / _NETWORK).sha256,
            "source": context.input.source.fingerprint(),
            "input": store(self.input),
            "seed": self.seed,
            "batch_size": self.engine.options.batch_size,
            "tile": self.engine.options.tile,
            "activations": self.output.activations,
            "predictions": self.output.predictions,
            "compression": self.output.compression,
        }
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def infer_part(job: Job, shard: Shard) -> Receipt:
    """Write a shard's part of the results on a worker, unless it exists; return its receipt."""
    part = job.folder / part_name(shard.number)
    done = read_receipt(part, job.key, shard.rows)
    if done is not None:
        return done
    network, scaling = _read_network(job.folder / FOLDER / _NETWORK, job.key)
    chosen = load_choice(SOURCES, job.input, "input")
    with Folder.open(job.folder) as folder, folder.inside(FOLDER) as parts:
        with (
            closing(chosen.make()(job.seed, "input")) as source,
            ResultsWriter(
                parts,
                part.name,
                source.rows[shard.rows.start : shard.rows.stop],
                compression=job.output.compression,
            ) as writer,
        ):
            context = StageContext(
                network=network,
                engine=load_choice(ENGINES, job.engine, "engine"),
                recipe=Recipe(),
                output=job.output,
                input=Input(source, scaling, network.dtype, chosen.options.on_nonfinite),
                sink=PartSink(writer, shard.rows),
                artifacts=RunArtifacts(Record(folder), scaling),
            )
            announce(context)
            metrics = infer_shard(context, shard.rows)
        return write_receipt(parts, part.name, job.key, shard.rows, metrics.state())


@lru_cache(maxsize=1)
def _read_network(path: Path, key: str) -> tuple[Network, Normalization]:
    """Read the network and the normalization, once for each worker and key."""
    layers, scaling = read_parameters(path)
    return Network(tuple(layers)), scaling

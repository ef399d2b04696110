"""The whole pipeline as a library: a config in, a run on disk out. Hydra is not needed."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from nnpipe.config.schema import Config, DaskConfig, FromRunConfig
from nnpipe.distributed.inference import ShardedInference
from nnpipe.engines import ENGINES
from nnpipe.engines.fast import FastEngine
from nnpipe.errors import ConfigError, RunFailed, one_line
from nnpipe.network.build import build as build_network
from nnpipe.network.network import Network
from nnpipe.network.table import stack_table
from nnpipe.pipeline.plan import Plan, make_plan, network_dtype, read_config
from nnpipe.report.illustrate import Target, illustrate
from nnpipe.runs.inspect.summary import summary
from nnpipe.runs.store import open as runs
from nnpipe.runs.store.artifacts import RunArtifacts
from nnpipe.runs.store.claim import claim, point_latest
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Manifest
from nnpipe.runs.store.record import Record
from nnpipe.runs.store.results import ResultsWriter
from nnpipe.sources.input import Input
from nnpipe.sources.normalize import Normalization, normalization
from nnpipe.stages import STAGES
from nnpipe.stages.base import Progress, Silence, StageContext, batch_rows, shards
from nnpipe.system.files import check_unchanged

logger = logging.getLogger("nnpipe")


def build(
    architecture: Mapping[str, Any],
    seed: int = 0,
    dtype: str = "float32",
    inputs: int | None = None,
) -> Network:
    """Build a network from an architecture, as the config's `architecture` writes it.

    Parameters
    ----------
    architecture : mapping
        For example ``{"inputs": 784, "sizes": [100, 10], "activation": "sigmoid"}``.
    seed : int
        Decides every parameter.
    dtype : str
        float32 or float64.
    inputs : int, optional
        The number of features, where the architecture does not say it.

    Raises
    ------
    ConfigError
        With every problem of the architecture.

    >>> network = build({"inputs": 3, "sizes": [4, 2]}, seed=1)
    >>> [layer.parameters.shape for layer in network.layers]
    [(4, 4), (2, 5)]
    >>> network([[0.0, 0.5, 1.0]]).shape
    (1, 2)
    """
    given = {"architecture": architecture, "seed": seed, "dtype": dtype}
    declared = read_config(given).architecture
    if isinstance(declared, FromRunConfig):
        return open_run(declared.run).network
    inputs = declared.inputs if declared.inputs is not None else inputs
    if inputs is None:
        raise ConfigError(["architecture.inputs: missing; set it to the number of features"])
    return build_network(declared, inputs, seed, dtype, FastEngine)


def open_run(path: str | os.PathLike[str]) -> runs.Run:
    """Open a complete run; see `nnpipe.runs.store.open`. Its network uses the fast engine."""
    return runs.open_run(path, FastEngine)


def run(
    config: Mapping[str, Any] | None = None,
    *,
    overrides: Sequence[str] = (),
    folder: Folder | None = None,
    progress: Progress | None = None,
) -> runs.Run:
    """Run the whole pipeline and return the run that it left on disk.

    Parameters
    ----------
    config : mapping, optional
        The same keys as the YAML; what is left out takes its default.
    overrides : sequence of str
        What was typed, to be kept in overrides.yaml.
    folder : Folder, optional
        A folder that was claimed for this run; without it the next version is claimed.
    progress : Progress, optional
        Is told how far each stage is.

    Raises
    ------
    ConfigError, DataError, RunError
        Before anything is made on disk.
    RunFailed
        For a failure while running; the folder's manifest says `failed` and why.
    KeyboardInterrupt
        As it came; the folder's manifest says `interrupted`.
    """
    with make_plan(config or {}, FastEngine) as plan:
        output = plan.config.output
        alone = folder is None
        with ExitStack() as stack:
            if folder is None:
                folder = stack.enter_context(claim(Path(output.root), output.name))
            manifest = _carry_out(plan, folder, overrides, progress or Silence(), alone=alone)
        if alone:
            point_latest(folder.path)
    done = runs.Run(folder.path.resolve(), manifest, FastEngine)
    if output.tracking == "mlflow":
        from nnpipe.runs.store.tracking import track

        track(Path(output.root), done)
    return done


def _carry_out(
    plan: Plan, folder: Folder, overrides: Sequence[str], progress: Progress, *, alone: bool
) -> Manifest:
    record = Record(folder)
    with record.log():
        try:
            context = _stages(plan, record, overrides, progress)
            report = _illustrate(plan, record, context, alone)
            manifest = record.seal("complete")
        except KeyboardInterrupt as error:
            logger.error("%s: interrupted", folder.path)
            record.try_to_seal("interrupted", str(error) or "interrupted by the user")
            raise
        except Exception as error:
            reason = one_line(error)
            logger.error("%s: failed: %s", folder.path, reason, exc_info=error)
            record.try_to_seal("failed", reason)
            raise RunFailed(folder.path, reason) from error
        logger.info("%s", summary(folder.path, manifest, report))
    return manifest


def _stages(
    plan: Plan, record: Record, overrides: Sequence[str], progress: Progress
) -> StageContext:
    config, source = plan.config, plan.source
    dtype = network_dtype(config)
    record.facts = {
        "seed": config.seed,
        "dtype": dtype.name,
        "input": source.fingerprint()
        | {part: further.fingerprint() for part, further in plan.further.items()},
        "source_run": None if plan.stored is None else str(plan.stored.path),
    }
    record.write_config(dataclasses.asdict(config), overrides)
    with record.phase("build"):
        network = _network(plan)
        record.facts["network"] = [
            {
                "name": layer.name,
                "activation": layer.activation,
                "inputs": layer.inputs,
                "neurons": layer.neurons,
            }
            for layer in network.layers
        ]
    logger.info("%s", stack_table(network))
    with record.phase("normalize"):
        scaling = _normalization(plan, network, progress)
    artifacts = RunArtifacts(record, scaling)
    sharded, parts = None, None
    if isinstance(config.engine, DaskConfig):
        sharded = ShardedInference(record.folder, config, shards(config, source.samples, network))
        parts = None if config.output.merge else sharded.parts
    with ResultsWriter(
        record.folder, runs.RESULTS, source.rows, parts, config.output.compression
    ) as sink:
        context = StageContext(
            config=config,
            network=network,
            engine=partial(ENGINES.load(config.engine.kind), tile=config.engine.tile),
            input=Input(source, scaling, dtype, config.input.on_nonfinite),
            sink=sink,
            artifacts=artifacts,
            validation=_further(plan, "validation", scaling),
            test=_further(plan, "test", scaling),
            progress=progress,
            infer_shards=sharded,
        )
        record.facts["metrics"] = context.metrics
        for name in config.pipeline.stages:
            with record.phase(name):
                STAGES.load(name)(context)
        if sharded is not None and config.output.merge:
            with record.phase("merge"):
                sharded.merge(sink)
        _check_inputs(plan)
    # A stage may have changed the network: these are the parameters that made the outputs.
    with record.phase("parameters"):
        artifacts.save_parameters(runs.PARAMETERS, context.network)
    if sharded is not None:
        record.artifacts |= sharded.finish()
    return context


def _check_inputs(plan: Plan) -> None:
    """Refuse results of a file that somebody wrote to while it was read."""
    for part, source in {"input": plan.source, **plan.further}.items():
        known = source.fingerprint()
        check_unchanged(known, f"{part}.path")
        check_unchanged(known.get("labels", {}), f"{part}.labels")


def _illustrate(plan: Plan, record: Record, context: StageContext, alone: bool) -> str:
    """Make the page and the plots that are wanted; return what is to be said of them."""

    def draw(page: Target | None, plots: Folder | None) -> list[Path]:
        from nnpipe.report.make import report_run
        from nnpipe.report.sample import take_sample

        with record.phase("report"):
            sample = take_sample(plan.source, context.input.normalization, context.network)
            with runs.Run(record.folder.path, record.draft("complete"), FastEngine) as run:
                return report_run(run, context.network, sample, page=page, plots=plots)

    names, said = illustrate(plan.config.output, record.folder, draw, alone=alone)
    record.saved += names
    return said


def _further(plan: Plan, part: str, scaling: Normalization) -> Input | None:
    """Return a further input, normalized as the first one is."""
    source = plan.further.get(part)
    if source is None:
        return None
    refuse = getattr(plan.config, part).on_nonfinite
    return Input(source, scaling, network_dtype(plan.config), refuse)


def _network(plan: Plan) -> Network:
    if plan.stored is not None:
        network = plan.stored.network.astype(network_dtype(plan.config))
        plan.config.architecture.inputs = network.inputs
        return network
    architecture = plan.config.architecture
    inputs = architecture.inputs or plan.source.features
    return build_network(
        architecture, inputs, plan.config.seed, network_dtype(plan.config), FastEngine
    )


def _normalization(plan: Plan, network: Network, progress: Progress) -> Normalization:
    config, source = plan.config, plan.source
    if plan.stored is not None and config.input.normalize.kind == "from_run":
        return plan.stored.normalization
    # Statistics do not depend on the size of the batches either.
    rows = batch_rows(Config(), network)
    progress.begin("normalize", source.samples)
    try:
        return normalization(config.input.normalize, source, rows, progress.advance)
    finally:
        progress.end()

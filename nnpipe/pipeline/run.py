"""The whole pipeline as a library without Hydra: a config in, a run on disk out."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnpipe.config.load import store
from nnpipe.distributed.inference import ShardedInference
from nnpipe.engines.base import EngineOptions
from nnpipe.engines.dask import DaskOptions
from nnpipe.engines.fast import FastEngine
from nnpipe.errors import ConfigError, RunFailed, one_line
from nnpipe.network.architectures.from_run import FromRunOptions
from nnpipe.network.build import build as build_network
from nnpipe.network.network import Network
from nnpipe.network.purpose import Purpose
from nnpipe.network.table import stack_table
from nnpipe.pipeline.load import read_config
from nnpipe.pipeline.plan import Plan, make_plan
from nnpipe.report import Target
from nnpipe.report.illustrate import illustrate
from nnpipe.runs.inspect.summary import summary
from nnpipe.runs.store import open as runs
from nnpipe.runs.store.artifacts import RunArtifacts
from nnpipe.runs.store.claim import claim, point_latest
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Manifest
from nnpipe.runs.store.record import Record
from nnpipe.runs.store.results import ResultsWriter
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.base import Features, Normalization
from nnpipe.stages.base import Progress, Silence, StageContext, batch_rows, shards

logger = logging.getLogger("nnpipe")


def build(
    architecture: Mapping[str, Any],
    seed: int = 0,
    dtype: str = "float32",
    inputs: int | None = None,
) -> Network:
    """Build a network from an architecture.

    Parameters
    ----------
    architecture : mapping
        As in the config, for example ``{"inputs": 784, "sizes": [100, 10], "activation": "relu"}``.
    seed : int
        Decides every parameter.
    dtype : str
        float32 or float64.
    inputs : int, optional
        The number of features, if the architecture does not set it.

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
    if isinstance(declared.options, FromRunOptions):
        return open_run(declared.options.run).network
    declared = replace(declared, options=declared.options.resolved(Purpose()))
    inputs = declared.options.inputs or inputs
    if inputs is None:
        raise ConfigError(["architecture.inputs: missing; set it to the number of features"])
    return build_network(declared.make(), inputs, seed, dtype, FastEngine)


def open_run(path: str | os.PathLike[str]) -> runs.Run:
    """Open a complete run, with the fast engine for its network; see `nnpipe.runs.store.open`."""
    return runs.open_run(path, FastEngine)


def run(
    config: Mapping[str, Any] | None = None,
    *,
    overrides: Sequence[str] = (),
    folder: Folder | None = None,
    progress: Progress | None = None,
) -> runs.Run:
    """Run the whole pipeline, and return the run on disk.

    Parameters
    ----------
    config : mapping, optional
        The same keys as the YAML. Missing keys take their defaults.
    overrides : sequence of str
        The typed overrides, for overrides.yaml.
    folder : Folder, optional
        A folder that is already claimed for this run. By default the next version is claimed.
    progress : Progress, optional
        Receives the progress of each stage.

    Raises
    ------
    ConfigError, DataError, RunError
        Before anything is made on disk.
    RunFailed
        If the run fails. The folder's manifest has the status `failed` and the reason.
    KeyboardInterrupt
        If the run is interrupted. The folder's manifest has the status `interrupted`.
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


def _build(
    plan: Plan, record: Record, overrides: Sequence[str], progress: Progress
) -> tuple[Network, Normalization]:
    """Write the config, and return the network and the normalization of the input."""
    config = plan.config
    record.facts = {
        "seed": config.seed,
        "dtype": plan.dtype.name,
        "input": _fingerprints(plan),
        "source_run": None if plan.stored is None else str(plan.stored.path),
    }
    record.write_config(store(config), overrides)
    with record.phase("build"):
        network = _network(plan)
        record.facts["network"] = [
            {
                "name": layer.name,
                "kind": layer.kind,
                "activation": layer.activation,
                "inputs": layer.inputs,
                "neurons": layer.outputs,
                "arrays": layer.describe(),
                "parameters": layer.parameter_count,
            }
            for layer in network.layers
        ]
    if plan.decided and config.has_stage("train"):
        logger.info("auto           %s", plan.decided)
    logger.info("%s", stack_table(network, config.architecture.make()))
    with record.phase("normalize"):
        return network, _normalization(plan, network, progress)


def _stages(
    plan: Plan, record: Record, overrides: Sequence[str], progress: Progress
) -> StageContext:
    """Run the stages, and return the context that they leave."""
    config, source = plan.config, plan.source
    network, scaling = _build(plan, record, overrides, progress)
    artifacts = RunArtifacts(record, scaling)
    sharded, parts = None, None
    if isinstance(config.engine.options, DaskOptions):
        rows = shards(config.engine.options, source.samples, network)
        sharded = ShardedInference(
            record.folder, config.input, config.engine, config.output, config.seed, rows
        )
        parts = None if config.output.merge else sharded.parts
    with ResultsWriter(
        record.folder, runs.RESULTS, source.rows, parts, config.output.compression
    ) as sink:
        inputs = {
            key: Input(other, scaling, plan.dtype, config.inputs[key].options.on_nonfinite)
            for key, other in plan.inputs.items()
        }
        context = StageContext(
            network=network,
            engine=config.engine,
            recipe=plan.recipe,
            output=config.output,
            input=inputs["input"],
            sink=sink,
            artifacts=artifacts,
            validation=inputs.get("validation"),
            test=inputs.get("test"),
            progress=progress,
            infer_shards=sharded,
        )
        record.facts["metrics"] = context.metrics
        for stage in config.pipeline.stages:
            with record.phase(stage.kind):
                stage.make()(context)
        if sharded is not None and config.output.merge:
            with record.phase("merge"):
                sharded.merge(sink)
        for other in plan.inputs.values():
            other.check_unchanged()
    # A stage may have replaced the network. These parameters are the ones that made the outputs.
    with record.phase("parameters"):
        artifacts.save_parameters(runs.PARAMETERS, context.network)
    if sharded is not None:
        record.artifacts |= sharded.finish()
    return context


def _fingerprints(plan: Plan) -> dict[str, Any]:
    """Return the manifest's entry for the inputs: the first input, with the others inside."""
    found = {
        key: source.fingerprint() | {"paths": dict(source.paths())}
        for key, source in plan.inputs.items()
    }
    return found.pop("input") | found


def _illustrate(plan: Plan, record: Record, context: StageContext, alone: bool) -> str:
    """Make the requested page and plots, and return a line about them for the log."""

    def draw(page: Target | None, plots: Folder | None) -> list[Path]:
        from nnpipe.report.make import report_run
        from nnpipe.report.sample import take_sample

        with record.phase("report"):
            sample = take_sample(plan.source, context.input.normalization, context.network)
            with runs.Run(record.folder.path, record.draft("complete"), FastEngine) as run:
                return report_run(run, context.network, sample, page=page, plots=plots)

    names, line = illustrate(plan.config.output, record.folder, draw, alone=alone)
    record.saved += names
    return line


def _network(plan: Plan) -> Network:
    if plan.stored is not None:
        return plan.stored.network.astype(plan.dtype)
    config = plan.config
    stack, inputs = config.architecture.make(), plan.source.features
    return build_network(stack, inputs, config.seed, plan.dtype, FastEngine)


def _normalization(plan: Plan, network: Network, progress: Progress) -> Normalization:
    source, chosen = plan.source, plan.config.input.options.normalize
    if plan.stored is not None and chosen.kind == "from_run":
        return plan.stored.normalization
    # The default batch size, because the statistics must not depend on `engine.batch_size`.
    rows = batch_rows(EngineOptions(), network)
    progress.begin("normalize", source.samples)
    try:
        return chosen.make()(Features(source, rows, on_batch=progress.advance))
    finally:
        progress.end()

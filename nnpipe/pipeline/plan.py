"""Find out everything that a config's run needs, and refuse it whole before anything is made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nnpipe.config.check import Names, check, check_activations
from nnpipe.config.layers import stack_of
from nnpipe.config.load import load
from nnpipe.config.schema import Config, DaskConfig, FromRunConfig
from nnpipe.config.training import check_loss
from nnpipe.distributed.cluster import find_missing, find_silence
from nnpipe.engines import ENGINES
from nnpipe.errors import ConfigError, NnpipeError, RunError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.build import estimate
from nnpipe.network.initializers import INITIALIZERS, options_of
from nnpipe.network.network import Prepare, plain
from nnpipe.pipeline.evaluation_inputs import close_all, find_misfits, open_further
from nnpipe.report.illustrate import missing
from nnpipe.runs.store.open import Run, open_run
from nnpipe.sources import input_schema, open_source
from nnpipe.sources.base import Source
from nnpipe.stages import STAGES
from nnpipe.training.losses import LOSSES, activation_of, loss_of
from nnpipe.training.optimizers import OPTIMIZERS, optimizer_options

NAMES = Names(
    activations=ACTIVATIONS,
    initializers=INITIALIZERS,
    engines=ENGINES,
    stages=STAGES,
    initializer_options=options_of,
    optimizers=OPTIMIZERS,
    optimizer_options=optimizer_options,
    losses=LOSSES,
    loss_of=loss_of,
    activation_of=activation_of,
)


@dataclass
class Plan:
    """A config that can be run, with its input open; a context manager that closes it.

    Attributes
    ----------
    config : Config
        As loaded, with `architecture.inputs` and `dtype` filled in.
    source : Source
        The input, open.
    stored : Run or None
        The run whose parameters are used.
    further : dict of str to Source
        The inputs for `validation` and `test`, open, where the config has them.
    """

    config: Config
    source: Source
    stored: Run | None
    further: Mapping[str, Source] = field(default_factory=dict[str, Source])

    def __enter__(self) -> Plan:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        close_all({"input": self.source, **self.further})


def find_problems(given: Mapping[str, Any]) -> list[str]:
    """Return every problem of a config with the YAML's keys; no file is opened."""
    return _load(given)[1]


def read_config(given: Mapping[str, Any]) -> Config:
    """Return the config of a mapping with the YAML's keys; no file is opened.

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    config, problems = _load(given)
    if problems:
        raise ConfigError(problems)
    return config


def _load(given: Mapping[str, Any]) -> tuple[Config, list[str]]:
    config, problems = load(given, input_schema)
    # Where a value could not be used its default stands; what is wrong with that is no news.
    seen = {problem.partition(":")[0] for problem in problems}
    problems += [line for line in check(config, NAMES) if line.partition(":")[0] not in seen]
    return config, problems + missing(config.output)


def make_plan(given: Mapping[str, Any], prepare: Prepare = plain) -> Plan:
    """Check a config against its schema, its input and its stored parameters.

    Parameters
    ----------
    given : mapping
        The keys of the YAML.
    prepare : callable
        What executes a stored network when it is called.

    Raises
    ------
    ConfigError, DataError, RunError
        With every problem that could be found, one line each.
    """
    config = read_config(given)
    problems: list[str] = []
    if config.output.tracking == "mlflow" and find_spec("mlflow") is None:
        problems.append("output.tracking: mlflow is not installed. pip install 'nnpipe[mlflow]'")
    if isinstance(config.engine, DaskConfig):
        problems += find_missing(config.engine) or find_silence(config.engine)
    stored, source = None, None
    if isinstance(config.architecture, FromRunConfig):
        try:
            stored = open_run(config.architecture.run, prepare)
            problems += check_activations(
                config.output.activations, [layer.name for layer in stored.network.layers]
            )
        except RunError as error:
            problems.append(f"architecture.run: {error}")
    elif config.input.normalize.kind == "from_run":
        problems.append(
            "input.normalize.kind: 'from_run' takes the statistics of the run that the parameters "
            "come from; found another form of architecture. Set architecture=from_run too."
        )
    try:
        source = open_source(config.input, config.seed)
    except NnpipeError as error:
        problems += str(error).split("\n")
    further = open_further(config, problems)
    try:
        if source is not None and not problems:
            problems += _fit(config, source, stored, further)
        if problems or source is None:
            raise ConfigError(problems)
    except BaseException:
        close_all(further if source is None else {"input": source, **further})
        raise
    if config.training.resume is not None:
        # The run is made again from other folders, and when `latest` is another one.
        config.training.resume = str(Path(config.training.resume).resolve())
    return Plan(config, source, stored, further)


def _fit(
    config: Config, source: Source, stored: Run | None, further: Mapping[str, Source]
) -> list[str]:
    """Fill in what the input and the stored run decide; return what does not fit."""
    architecture = config.architecture
    where = source.fingerprint().get("path", "the input")
    if stored is not None:
        network = stored.network
        if network.inputs != source.features:
            return [
                f"architecture.run: its network takes {network.inputs} inputs; "
                f"found {source.features} features in {where}"
            ]
        config.dtype = config.dtype or network.dtype.name
        neurons, last = network.outputs, network.layers[-1].activation
        if "train" in config.pipeline.stages:
            misfit = check_loss(config.training.loss, last, NAMES)
            if misfit:
                return misfit
    else:
        if architecture.inputs not in (None, source.features):
            return [
                f"architecture.inputs: found {architecture.inputs}; expected {source.features}, "
                f"the number of features in {where}. Set it to {source.features} or to null."
            ]
        architecture.inputs = source.features
        config.dtype = config.dtype or "float32"
        needed, there = estimate(architecture, source.features, config.dtype), _memory()
        if needed > there:
            return [
                f"architecture: its parameters need {needed / 2**30:,.1f} GiB; "
                f"expected at most the {there / 2**30:,.1f} GiB of memory here"
            ]
        layer = list(stack_of(architecture).values())[-1]
        neurons, last = layer.neurons, layer.activation
    loss = LOSSES.load(config.training.loss or loss_of(last))
    return find_misfits(config, source, further, neurons, loss.classifies)


def _memory() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def network_dtype(config: Config) -> np.dtype[Any]:
    """Return the dtype of a planned config's network."""
    return np.dtype(config.dtype or "float32")

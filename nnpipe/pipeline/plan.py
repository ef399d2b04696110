"""Plan a run: resolve the config, and report every problem before anything is made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nnpipe.config.kind import AUTO
from nnpipe.distributed.cluster import find_missing, find_silence
from nnpipe.engines.dask import DaskOptions
from nnpipe.errors import ConfigError, DataError, RunError
from nnpipe.network.architectures.from_run import FromRunOptions
from nnpipe.network.build import estimate
from nnpipe.network.chain import Chain
from nnpipe.network.network import Prepare, plain
from nnpipe.network.stack import last_activation, lasting
from nnpipe.pipeline.auto import decisions, resolve
from nnpipe.pipeline.config import Config
from nnpipe.pipeline.evaluation_inputs import close_all, find_misfits, open_inputs
from nnpipe.pipeline.load import read_config
from nnpipe.pipeline.rules import check_activations, check_loss, find_conflicts
from nnpipe.runs.store.open import Run, open_run
from nnpipe.sources.base import Source
from nnpipe.training.recipe import Recipe


@dataclass(frozen=True)
class Plan:
    """A valid config with its open inputs, and a context manager that closes them.

    Attributes
    ----------
    config : Config
        The resolved config, including the values that the input and the stored run decide.
    inputs : mapping of str to Source
        The open inputs by config key: `input`, and `validation` and `test` if configured.
    stored : Run or None
        The run whose parameters are used.
    decided : str
        The values that replace `auto`, as overrides in one line.
    """

    config: Config
    inputs: Mapping[str, Source]
    stored: Run | None
    decided: str

    @property
    def source(self) -> Source:
        """The source of `input`."""
        return self.inputs["input"]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The network's dtype."""
        return np.dtype(self.config.dtype)

    @property
    def recipe(self) -> Recipe:
        """The parts of the config that determine training."""
        return recipe_of(self.config)

    def __enter__(self) -> Plan:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        close_all(self.inputs)


def recipe_of(config: Config) -> Recipe:
    """Return the parts of a resolved config that determine training."""
    return Recipe(
        training=config.training,
        optimizer=config.optimizer,
        architecture=config.architecture,
        normalize=config.input.options.normalize,
        seed=config.seed,
        dtype=str(config.dtype),
    )


def make_plan(given: Mapping[str, Any], prepare: Prepare = plain) -> Plan:
    """Check a config against its schema, its inputs and its stored parameters.

    Parameters
    ----------
    given : mapping
        The keys of the YAML.
    prepare : callable
        Makes the function that executes a stored network.

    Raises
    ------
    ConfigError, DataError, RunError
        With every problem found, one line each.
    """
    config = read_config(given)
    problems: list[str] = []
    if config.output.tracking == "mlflow" and find_spec("mlflow") is None:
        problems.append("output.tracking: mlflow is not installed. pip install 'nnpipe[mlflow]'")
    if isinstance(config.engine.options, DaskOptions):
        problems += find_missing(config.engine.options) or find_silence(config.engine.options)
    stored = _stored(config, prepare, problems)
    inputs = open_inputs(config, problems)
    try:
        if problems:
            raise ConfigError(problems)
        asked, config = config, _resolve(config, inputs, stored)
        problems += find_conflicts(config)
        if problems:
            raise ConfigError(problems)
        last = _last_layer(config, stored, inputs["input"].features)
        problems += find_misfits(config, recipe_of(config), inputs, *last)
        if problems:
            raise ConfigError(problems)
    except BaseException:
        close_all(inputs)
        raise
    if config.training.resume is not None:
        # The run is repeated from other folders, and when `latest` is another one.
        resume = str(Path(config.training.resume).resolve())
        config = replace(config, training=replace(config.training, resume=resume))
    return Plan(config, inputs, stored, decisions(asked, config))


def _stored(config: Config, prepare: Prepare, problems: list[str]) -> Run | None:
    """Open the run whose parameters are used, and append its problems to `problems`."""
    if not isinstance(config.architecture.options, FromRunOptions):
        normalize = config.input.options.normalize
        if normalize != AUTO and normalize.kind == "from_run":
            problems.append(
                "input.normalize.kind: 'from_run' uses the statistics of the run that the "
                "parameters come from; found another form of architecture. "
                "Set architecture=from_run too."
            )
        return None
    try:
        stored = open_run(config.architecture.options.run, prepare)
        names = [layer.name for layer in stored.network.layers]
    except RunError as error:
        problems.append(f"architecture.run: {error}")
        return None
    problems += check_activations(config.output.activations, names)
    return stored


def _resolve(config: Config, inputs: Mapping[str, Source], stored: Run | None) -> Config:
    """Return the config with all values that the inputs and the stored run decide.

    Raises
    ------
    ConfigError
        If the network does not fit the input, the memory or the loss.
    """
    architecture, source = config.architecture.options, inputs["input"]
    where = source.fingerprint().get("path", "the input")
    if stored is not None:
        if stored.network.inputs != source.features:
            problem = (
                f"architecture.run: its network has {stored.network.inputs} inputs; "
                f"found {source.features} features in {where}"
            )
            raise ConfigError([problem])
        last = stored.network.layers[-1].activation
        loss = config.training.loss
        if config.has_stage("train") and loss != AUTO and (found := list(check_loss(loss, last))):
            raise ConfigError(found)
        dtype = config.dtype or stored.network.dtype.name
        return replace(resolve(config, inputs, stored), dtype=dtype)
    if architecture.inputs not in (None, source.features):
        problem = (
            f"architecture.inputs: found {architecture.inputs}; expected {source.features}, "
            f"the number of features in {where}. Set it to {source.features} or to null."
        )
        raise ConfigError([problem])
    dtype = config.dtype or "float32"
    config = replace(resolve(config, inputs, None), dtype=dtype)
    _last_layer(config, None, source.features)
    needed = estimate(config.architecture.make(), source.features, dtype)
    if needed > (there := _memory()):
        problem = (
            f"architecture: its parameters need {needed / 2**30:,.1f} GiB; "
            f"expected at most the {there / 2**30:,.1f} GiB of memory here"
        )
        raise ConfigError([problem])
    return config


def _last_layer(config: Config, stored: Run | None, features: int) -> tuple[int, str]:
    """Return the number of outputs and the activation of the last layer.

    Raises
    ------
    ConfigError
        If a layer cannot have as many inputs as it would get.
    """
    if stored is not None:
        return stored.network.outputs, stored.network.layers[-1].activation
    stack = config.architecture.make()
    try:
        return Chain.of(lasting(stack)).outputs(features), last_activation(stack)
    except DataError as error:
        raise ConfigError([f"architecture.{error}"]) from error


def _memory() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

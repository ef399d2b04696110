"""Check ranges, names and rules that span several keys; every problem at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

from nnpipe.config.cluster import check_cluster
from nnpipe.config.fields import MISSING
from nnpipe.config.layers import stack_of
from nnpipe.config.registry import unknown
from nnpipe.config.rules import check_at_least, check_name, check_options
from nnpipe.config.schema import (
    DISTRIBUTIONS,
    DTYPES,
    MOST_HIDDEN,
    NORMALIZATIONS,
    PERMISSIONS,
    Config,
    DaskConfig,
    DropoutConfig,
    FromRunConfig,
    Hdf5Input,
    InitializerConfig,
    InputConfig,
    MlpConfig,
    NormalizeConfig,
    RandomInput,
    RowsConfig,
    StackConfig,
    TransformConfig,
    UniformConfig,
)
from nnpipe.config.training import check_training

LAYER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MAX_SAMPLES = 2**53
_FOLDER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Names:
    """What the registries hold, as plain names, so that this room imports none of them.

    Parameters
    ----------
    activations, initializers, engines, stages, optimizers, losses : collection of str
        The names that may be used.
    initializer_options, optimizer_options : callable
        Returns what a name takes beside `kind` (and `bias`), with the defaults.
    loss_of : callable
        Returns the loss that suits the activation of a last layer.
    activation_of : callable
        Returns the only activation of a last layer that a loss fits, or None for any.
    """

    activations: Collection[str]
    initializers: Collection[str]
    engines: Collection[str]
    stages: Collection[str]
    initializer_options: Callable[[str], Mapping[str, float]]
    optimizers: Collection[str]
    optimizer_options: Callable[[str], Mapping[str, float]]
    losses: Collection[str]
    loss_of: Callable[[str], str]
    activation_of: Callable[[str], str | None]


def check(config: Config, names: Names) -> list[str]:
    """Return every problem of a config whose types are right, one line each.

    Each line begins with the config key. The files that the config names are not opened.
    """
    problems = _architecture(config, names) + _input(config.input, "input")
    for part, source in (("validation", config.validation), ("test", config.test)):
        problems += [] if source is None else _input(source, part)
    problems += check_training(config, names)
    problems += check_name("engine.kind", config.engine.kind, "an engine", names.engines)
    if config.engine.batch_size is not None:
        problems += check_at_least("engine.batch_size", config.engine.batch_size, 1)
    if config.engine.tile is not None:
        problems += check_at_least("engine.tile", config.engine.tile, 1)
        if config.engine.kind == "reference":
            problems.append(
                "engine.tile: does not belong to the kind 'reference', which takes whole batches. "
                "Leave it null."
            )
    if config.engine.threads is not None:
        problems += check_at_least("engine.threads", config.engine.threads, 1)
    if config.engine.memory_limit is not None:
        problems += check_at_least("engine.memory_limit", config.engine.memory_limit, 1)
    if isinstance(config.engine, DaskConfig):
        problems += check_cluster(config.engine)
    problems += check_at_least("seed", config.seed, 0)
    if config.dtype is not None:
        problems += check_name("dtype", config.dtype, "a dtype for networks", DTYPES)
    if not config.output.root:
        problems.append("output.root: found ''; expected a folder")
    if config.output.tracking is not None:
        problems += check_name("output.tracking", config.output.tracking, "a tracker", ("mlflow",))
    if not _FOLDER_NAME.fullmatch(config.output.name):
        problems.append(
            f"output.name: {config.output.name!r} cannot name a folder; "
            "expected letters, digits, '_', '-' and '.', not beginning with '-' or '.'"
        )
    if config.output.compression is not None:
        problems += check_name(
            "output.compression", config.output.compression, "a compression", ("gzip",)
        )
    if config.output.plots is not None:
        problems += check_name("output.plots", config.output.plots, "a format for plots", ("png",))
    if not config.pipeline.stages:
        problems.append("pipeline.stages: found an empty list; expected at least one stage")
    for i, stage in enumerate(config.pipeline.stages):
        problems += check_name(f"pipeline.stages[{i}]", stage, "a stage", names.stages)
    if not isinstance(config.architecture, FromRunConfig):
        problems += check_activations(
            config.output.activations, list(stack_of(config.architecture))
        )
    return problems


def check_activations(wanted: Collection[str], layers: Collection[str]) -> list[str]:
    """Return the problems of `output.activations` against a network's layer names."""
    return [
        f"output.activations: {unknown(name, 'a layer', [*layers, 'all'])}"
        for name in wanted
        if name not in layers and name != "all"
    ]


def _architecture(config: Config, names: Names) -> list[str]:
    architecture = config.architecture
    problems: list[str] = []
    if architecture.inputs is not None:
        problems += check_at_least("architecture.inputs", architecture.inputs, 1)
    match architecture:
        case MlpConfig() | UniformConfig():
            if isinstance(architecture, MlpConfig):
                if not architecture.sizes:
                    problems.append(
                        "architecture.sizes: found an empty list; expected one size a layer"
                    )
                for i, neurons in enumerate(architecture.sizes):
                    problems += check_at_least(f"architecture.sizes[{i}]", neurons, 1)
            else:
                problems += check_at_least("architecture.width", architecture.width, 1)
                if not 0 <= architecture.depth <= MOST_HIDDEN:
                    problems.append(
                        f"architecture.depth: found {architecture.depth}; "
                        f"expected 0 to {MOST_HIDDEN}"
                    )
                problems += check_at_least("architecture.outputs", architecture.outputs, 1)
            problems += _layer(
                "architecture", architecture.activation, architecture.initializer, names
            )
            if architecture.output_activation is not None:
                problems += check_name(
                    "architecture.output_activation",
                    architecture.output_activation,
                    "an activation",
                    names.activations,
                )
        case StackConfig():
            if not stack_of(architecture):
                problems.append("architecture.layers: found no layer; expected at least one")
            for name, layer in architecture.layers.items():
                key = f"architecture.layers.{name}"
                if not LAYER_NAME.fullmatch(name) or name == "all":
                    problems.append(
                        f"architecture.layers: {name!r} cannot name a layer; expected a letter, "
                        "then letters, digits and '_', at most 64 in all, and not 'all'"
                    )
                if isinstance(layer, TransformConfig):
                    problems += _transform(key, layer)
                    continue
                if layer.neurons != cast("Any", MISSING):
                    problems += check_at_least(f"{key}.neurons", layer.neurons, 1)
                problems += _layer(key, layer.activation, layer.initializer, names)
            problems += [
                f"architecture.layers.{name}: found {kind} {place}; expected it before a layer "
                "with neurons. Leave one out."
                for name, kind, place in _misplaced(architecture)
            ]
        case _:
            pass
    return problems


def _transform(key: str, layer: TransformConfig) -> list[str]:
    if not isinstance(layer, DropoutConfig) or 0 <= layer.rate < 1:
        return []
    return [f"{key}.rate: found {layer.rate}; expected 0 or greater, below 1"]


def _misplaced(architecture: StackConfig) -> Iterator[tuple[str, str, str]]:
    """Yield the name and the kind of each layer that should have neurons after it, and why."""
    for (name, layer), (_, after) in pairwise([*architecture.layers.items(), ("", None)]):
        if not isinstance(layer, TransformConfig):
            continue
        if after is None:
            yield name, layer.kind, "at the end"
        elif layer.kind == after.kind:
            yield name, layer.kind, f"before {after.kind}"


def _layer(key: str, activation: str, initializer: InitializerConfig, names: Names) -> list[str]:
    problems = check_name(f"{key}.activation", activation, "an activation", names.activations)
    where = f"{key}.initializer"
    unknown_kind = check_name(
        f"{where}.kind", initializer.kind, "an initializer", names.initializers
    )
    if unknown_kind:
        problems += unknown_kind
    else:
        options = names.initializer_options(initializer.kind)
        own = {"kind", "bias"}
        problems += check_options(where, initializer, initializer.kind, options, own)
    if initializer.bias is not None:
        problems += check_name(
            f"{where}.bias", initializer.bias, "an initializer", names.initializers
        )
    return problems


def _input(source: InputConfig, part: str) -> list[str]:
    problems = check_name(
        f"{part}.on_nonfinite", source.on_nonfinite, "a way to go on", ("warn", "error")
    )
    if isinstance(source, RandomInput):
        problems += check_at_least(f"{part}.samples", source.samples, 1)
        if source.samples > MAX_SAMPLES:
            problems.append(
                f"{part}.samples: found {source.samples}; expected {MAX_SAMPLES} or less"
            )
        problems += check_at_least(f"{part}.features", source.features, 1)
        key, kind = f"{part}.distribution", source.distribution
        problems += check_name(key, kind, "a distribution", DISTRIBUTIONS)
        if kind in DISTRIBUTIONS:
            own = {"kind", "normalize", "on_nonfinite", "samples", "features", "distribution"}
            problems += check_options(part, source, kind, DISTRIBUTIONS[kind], own)
    normalize: NormalizeConfig = source.normalize
    key = f"{part}.normalize.kind"
    problems += check_name(key, normalize.kind, "a kind of normalization", NORMALIZATIONS)
    if normalize.kind in NORMALIZATIONS:
        taken = NORMALIZATIONS[normalize.kind]
        problems += check_options(f"{part}.normalize", normalize, normalize.kind, taken, {"kind"})
    if isinstance(source, Hdf5Input):
        for i, name in enumerate(source.allow):
            problems += check_name(f"{part}.allow[{i}]", name, "what can be allowed", PERMISSIONS)
    rows = getattr(source, "rows", None)
    if isinstance(rows, RowsConfig):
        problems += check_at_least(f"{part}.rows.step", rows.step, 1)
    return problems

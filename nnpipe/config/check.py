"""Check ranges, names and rules that span several keys; every problem at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from nnpipe.config.layers import stack_of
from nnpipe.config.schema import (
    ALLOWANCES,
    DISTRIBUTIONS,
    DTYPES,
    MISSING,
    MOST_HIDDEN,
    NORMALIZATIONS,
    Config,
    FromRunConfig,
    Hdf5Input,
    InitializerConfig,
    InputConfig,
    MlpConfig,
    NormalizeConfig,
    RandomInput,
    RowsConfig,
    StackConfig,
    UniformConfig,
)
from nnpipe.registry import unknown

LAYER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_FOLDER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Names:
    """What the registries hold, as plain names, so that this room imports none of them.

    Parameters
    ----------
    activations, initializers, engines, stages : collection of str
        The names that may be used.
    initializer_options : callable
        Returns what an initializer's name takes beside `kind` and `bias`, with the defaults.
    """

    activations: Collection[str]
    initializers: Collection[str]
    engines: Collection[str]
    stages: Collection[str]
    initializer_options: Callable[[str], Mapping[str, float]]


def check(config: Config, names: Names) -> list[str]:
    """Return every problem of a config whose types are right, one line each.

    Each line begins with the config key. The files that the config names are not opened.
    """
    problems = _architecture(config, names) + _input(config.input)
    problems += _name("engine.kind", config.engine.kind, "an engine", names.engines)
    if config.engine.batch_size is not None:
        problems += _at_least("engine.batch_size", config.engine.batch_size, 1)
    problems += _at_least("seed", config.seed, 0)
    if config.dtype is not None:
        problems += _name("dtype", config.dtype, "a dtype for networks", DTYPES)
    if not config.output.root:
        problems.append("output.root: found ''; expected a folder")
    if not _FOLDER_NAME.fullmatch(config.output.name):
        problems.append(
            f"output.name: {config.output.name!r} cannot name a folder; "
            "expected letters, digits, '_', '-' and '.', not beginning with '-' or '.'"
        )
    if config.output.plots is not None:
        problems += _name("output.plots", config.output.plots, "a format for plots", ("png",))
    if not config.pipeline.stages:
        problems.append("pipeline.stages: found an empty list; expected at least one stage")
    for i, stage in enumerate(config.pipeline.stages):
        problems += _name(f"pipeline.stages[{i}]", stage, "a stage", names.stages)
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
        problems += _at_least("architecture.inputs", architecture.inputs, 1)
    match architecture:
        case MlpConfig() | UniformConfig():
            if isinstance(architecture, MlpConfig):
                if not architecture.sizes:
                    problems.append(
                        "architecture.sizes: found an empty list; expected one size a layer"
                    )
                for i, neurons in enumerate(architecture.sizes):
                    problems += _at_least(f"architecture.sizes[{i}]", neurons, 1)
            else:
                problems += _at_least("architecture.width", architecture.width, 1)
                if not 0 <= architecture.depth <= MOST_HIDDEN:
                    problems.append(
                        f"architecture.depth: found {architecture.depth}; "
                        f"expected 0 to {MOST_HIDDEN}"
                    )
                problems += _at_least("architecture.outputs", architecture.outputs, 1)
            problems += _layer(
                "architecture", architecture.activation, architecture.initializer, names
            )
            if architecture.output_activation is not None:
                problems += _name(
                    "architecture.output_activation",
                    architecture.output_activation,
                    "an activation",
                    names.activations,
                )
        case StackConfig():
            if not architecture.layers:
                problems.append("architecture.layers: found no layer; expected at least one")
            for name, layer in architecture.layers.items():
                key = f"architecture.layers.{name}"
                if not LAYER_NAME.fullmatch(name) or name == "all":
                    problems.append(
                        f"architecture.layers: {name!r} cannot name a layer; expected a letter, "
                        "then letters, digits and '_', at most 64 in all, and not 'all'"
                    )
                if layer.neurons != cast("Any", MISSING):
                    problems += _at_least(f"{key}.neurons", layer.neurons, 1)
                problems += _layer(key, layer.activation, layer.initializer, names)
        case _:
            pass
    return problems


def _layer(key: str, activation: str, initializer: InitializerConfig, names: Names) -> list[str]:
    problems = _name(f"{key}.activation", activation, "an activation", names.activations)
    where = f"{key}.initializer"
    unknown_kind = _name(f"{where}.kind", initializer.kind, "an initializer", names.initializers)
    if unknown_kind:
        problems += unknown_kind
    else:
        options = names.initializer_options(initializer.kind)
        problems += _options(where, initializer, initializer.kind, options, {"kind", "bias"})
    if initializer.bias is not None:
        problems += _name(f"{where}.bias", initializer.bias, "an initializer", names.initializers)
    return problems


def _input(source: InputConfig) -> list[str]:
    problems = _name("input.on_nonfinite", source.on_nonfinite, "a way to go on", ("warn", "error"))
    if isinstance(source, RandomInput):
        problems += _at_least("input.samples", source.samples, 1)
        problems += _at_least("input.features", source.features, 1)
        key, kind = "input.distribution", source.distribution
        problems += _name(key, kind, "a distribution", DISTRIBUTIONS)
        if kind in DISTRIBUTIONS:
            own = {"kind", "normalize", "on_nonfinite", "samples", "features", "distribution"}
            problems += _options("input", source, kind, DISTRIBUTIONS[kind], own)
    normalize: NormalizeConfig = source.normalize
    key = "input.normalize.kind"
    problems += _name(key, normalize.kind, "a kind of normalization", NORMALIZATIONS)
    if normalize.kind in NORMALIZATIONS:
        taken = NORMALIZATIONS[normalize.kind]
        problems += _options("input.normalize", normalize, normalize.kind, taken, {"kind"})
    if isinstance(source, Hdf5Input):
        for i, name in enumerate(source.allow):
            problems += _name(f"input.allow[{i}]", name, "what can be allowed", ALLOWANCES)
    rows = getattr(source, "rows", None)
    if isinstance(rows, RowsConfig):
        problems += _at_least("input.rows.step", rows.step, 1)
    return problems


def _options(
    key: str, config: object, kind: str, taken: Collection[str], own: set[str]
) -> list[str]:
    """Check the keys that belong to one kind only: none but its own, and in their ranges."""
    given: Mapping[str, Any] = {
        name: value for name, value in vars(config).items() if name not in own and value is not None
    }
    problems = [
        f"{key}.{name}: does not belong to the kind {kind!r}, "
        f"which takes {', '.join(taken) or 'nothing'}. Leave it null."
        for name in given
        if name not in taken
    ]
    for name, value in given.items():
        if name not in taken:
            continue
        values = cast("list[float]", value if isinstance(value, list) else [value])
        where = f"{key}.{name}"
        if not values:
            problems.append(f"{where}: found an empty list; expected one number, or one a feature")
        elif not all(math.isfinite(v) for v in values):
            problems.append(f"{where}: found {value}; expected finite numbers")
        elif name == "std" and min(values) < 0:
            problems.append(f"{where}: found {value}; expected 0 or greater")
        elif name == "divisor" and value == 0:
            problems.append(f"{where}: found 0; expected any other number")
        elif name == "p" and not 0 <= values[0] <= 1:
            problems.append(f"{where}: found {value}; expected a probability from 0 to 1")
    defaults = cast("Mapping[str, Any]", taken if isinstance(taken, Mapping) else {})
    bounds: Mapping[str, Any] = {**defaults, **given}
    low, high = bounds.get("low"), bounds.get("high")
    if "low" in taken and low is not None and high is not None and not low < high:
        problems.append(f"{key}.high: found {high}; expected more than low, which is {low}")
    return problems


def _name(key: str, name: str, kind: str, names: Collection[str]) -> list[str]:
    return [] if name in names else [f"{key}: {unknown(name, kind, names)}"]


def _at_least(key: str, value: int, least: int) -> list[str]:
    return [] if value >= least else [f"{key}: found {value}; expected {least} or greater"]

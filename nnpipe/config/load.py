"""Turn a mapping, as YAML or a caller gives it, into a typed config; gather every problem."""

from __future__ import annotations

import dataclasses
import operator
import os
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from nnpipe.config.fields import MISSING
from nnpipe.config.moved import move_keys
from nnpipe.config.registry import did_you_mean, unknown
from nnpipe.config.schema import (
    ARCHITECTURES,
    ENGINES,
    LAYERS,
    Config,
    EngineConfig,
    InputConfig,
    LayerConfig,
)
from nnpipe.errors import ConfigError

_WORDS = {int: "an integer", float: "a number", str: "a text", bool: "true or false"}
_INVALID = object()


def load(
    given: Mapping[str, Any], input_schema: Callable[[str], type[InputConfig]]
) -> tuple[Config, list[str]]:
    """Return the config that the mapping describes, and every problem found on the way.

    Parameters
    ----------
    given : mapping
        The keys of the YAML; whatever is left out takes its default.
    input_schema : callable
        Returns the schema of an input source's name, or raises ConfigError.

    Returns
    -------
    config : Config
        Where a value could not be used, its default stands instead.
    problems : list of str
        One line each, beginning with the config key; empty for a config of the right shape.
    """
    given, problems = move_keys(given)
    parts: dict[str, Any] = {
        **{"architecture": {}, "input": {}, "engine": {}, "training": {}},
        **given,
    }
    schemas: dict[str, type] = {}
    for part, schema_of, guess in (
        ("architecture", architecture_schema, guess_architecture),
        ("input", input_schema, _guess_input),
        ("validation", input_schema, _guess_input),
        ("test", input_schema, _guess_input),
        ("engine", engine_schema, _guess_engine),
    ):
        if part in ("validation", "test") and parts.get(part) is None:
            continue
        if dataclasses.is_dataclass(parts[part]) and not isinstance(parts[part], type):
            parts[part] = dataclasses.asdict(parts[part])
        if not isinstance(parts[part], Mapping):
            _refuse(parts[part], "a mapping", part, problems)
            parts[part] = {}
        mapping = cast("Mapping[str, Any]", parts[part])
        kind = mapping.get("kind", guess(mapping))
        try:
            schemas[part] = schema_of(kind)
        except ConfigError as error:
            problems += [f"{part}.kind: {problem}" for problem in error.problems]
            parts[part] = {}
            schemas[part] = schema_of(guess({}))
    config = _instance(Config, parts, "", problems, schemas)
    return config, problems


def architecture_schema(kind: str) -> type:
    """Return the schema of a form of architecture, or raise ConfigError."""
    # The name comes from YAML, where it can be anything.
    given: Any = kind
    if not isinstance(given, str) or kind not in ARCHITECTURES:
        raise ConfigError([unknown(kind, "a form of architecture", ARCHITECTURES)])
    return ARCHITECTURES[kind]


def engine_schema(kind: str) -> type:
    """Return the schema of an engine; most engines, the unknown ones too, share one."""
    given: Any = kind
    return ENGINES.get(kind, EngineConfig) if isinstance(given, str) else EngineConfig


def guess_architecture(given: Mapping[str, Any]) -> str:
    """Return the form that a mapping without `kind` means, told by the keys it has.

    >>> guess_architecture({"layers": {}})
    'stack'
    """
    telling = {"layers": "stack", "run": "from_run", "width": "uniform", "depth": "uniform"}
    return next((form for key, form in telling.items() if key in given), "mlp")


def _guess_engine(given: Mapping[str, Any]) -> str:
    return EngineConfig.kind


def _guess_input(given: Mapping[str, Any]) -> str:
    return "hdf5" if "dataset" in given else "random"


@cache
def _hints(schema: type) -> dict[str, Any]:
    return get_type_hints(schema)


def _instance(
    schema: type,
    given: Mapping[str, Any],
    key: str,
    problems: list[str],
    schemas: Mapping[str, type] | None = None,
) -> Any:
    fields = {field.name: field for field in dataclasses.fields(schema)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        where = f"{key}.{name}" if key else str(name)
        if name not in fields:
            names = sorted(fields)
            hint = did_you_mean(str(name), names)
            problems.append(f"{where}: unknown key; expected one of {', '.join(names)}.{hint}")
            continue
        precise = fields[name].metadata.get("schema")
        if dataclasses.is_dataclass(precise) and isinstance(value, str) and value != MISSING:
            value = {"kind": value}
        wanted = (schemas or {}).get(name) or precise or _hints(schema)[name]
        values[name] = _value(wanted, value, where, problems)
    refused = {name for name, value in values.items() if value is _INVALID}
    result = schema(**{name: value for name, value in values.items() if name not in refused})
    for name in fields:
        value = getattr(result, name)
        if value == MISSING and name not in refused:
            problems.append(f"{f'{key}.{name}' if key else name}: missing; set it")
    return result


def _value(wanted: Any, value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(value, str) and value == MISSING:
        return _refuse(value, "a value", where, problems)
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _value(get_args(wanted)[0], value, where, problems)
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = dataclasses.asdict(value)
        if isinstance(value, Mapping):
            given = cast("Mapping[str, Any]", value)
            kind = given.get("kind", LayerConfig.kind)
            if wanted is LayerConfig and kind != LayerConfig.kind:
                if not isinstance(kind, str) or kind not in LAYERS:
                    problems.append(f"{where}.kind: {unknown(kind, 'a kind of layer', LAYERS)}")
                    return LayerConfig()
                wanted = LAYERS[kind]
            return _instance(wanted, given, where, problems)
        return _refuse(value, "a mapping", where, problems)
    if origin is dict:
        if not isinstance(value, Mapping):
            return _refuse(value, "a mapping", where, problems)
        items = cast("Mapping[str, Any]", value)
        element = get_args(wanted)[1]
        loaded = {str(k): _value(element, v, f"{where}.{k}", problems) for k, v in items.items()}
        return _INVALID if _INVALID in loaded.values() else loaded
    if origin is list:
        if isinstance(value, np.ndarray):
            value = cast("Sequence[Any]", value.tolist())
        if isinstance(value, str) or not isinstance(value, Sequence):
            return _refuse(value, "a list", where, problems)
        elements = cast("Sequence[Any]", value)
        element = get_args(wanted)[0]
        listed = [_value(element, v, f"{where}[{i}]", problems) for i, v in enumerate(elements)]
        return _INVALID if any(v is _INVALID for v in listed) else listed
    return _scalar(wanted, value, where, problems)


def _scalar(wanted: Any, value: Any, where: str, problems: list[str]) -> Any:
    if wanted is bool and isinstance(value, bool | np.bool_):
        return bool(cast("bool", value))
    if wanted is int and not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    if (
        wanted is float
        and isinstance(value, int | float | np.number)
        and not isinstance(value, bool)
    ):
        return float(cast("float", value))
    if wanted is str and isinstance(value, str | os.PathLike):
        return os.fspath(cast("str | os.PathLike[str]", value))
    return _refuse(value, _WORDS[wanted], where, problems)


def _refuse(value: Any, expected: str, where: str, problems: list[str]) -> Any:
    if isinstance(value, str) and value == MISSING:
        problems.append(f"{where}: missing; set it")
    else:
        found = "null" if value is None else repr(value)
        problems.append(f"{where}: found {found[:80]}; expected {expected}")
    return _INVALID

"""Turn a mapping from YAML or from a caller into typed options, and collect every problem."""

from __future__ import annotations

import dataclasses
import math
import operator
import os
import types
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from nnpipe.config.defaults import FORMER, VERSION_1, is_before_auto, modernize
from nnpipe.config.kind import AUTO, MISSING, Choice
from nnpipe.config.options import Guess, Limits
from nnpipe.config.registry import Registry, did_you_mean
from nnpipe.errors import ConfigError

Section = TypeVar("Section")

_WORDS = {int: "an integer", float: "a number", str: "a string", bool: "true or false"}
_INVALID: Any = object()


def load(
    section: type[Section], given: Mapping[str, Any], *, version: int | None = None
) -> tuple[Section, list[str]]:
    """Return the config that a mapping describes, and every problem found in it.

    Parameters
    ----------
    section : type
        A dataclass of `option`, `choice` and `choices` fields, and of nested sections.
    given : mapping
        The keys of the YAML. Missing keys take their defaults.
    version : int, optional
        The version of a stored config. Missing keys take the defaults of that version.

    Returns
    -------
    config
        With the default in place of each value that cannot be used.
    problems : list of str
        One line each, beginning with the config key.
    """
    loading = _Loading(version, former=version is not None and is_before_auto(given))
    config = loading.options(section, given, "")
    return config, list(dict.fromkeys(loading.problems))


def load_choice(registry: Registry[Any], given: Any, key: str) -> Choice[Any]:
    """Return the choice that a name or a mapping with `kind` describes.

    Raises
    ------
    ConfigError
        With every problem found.
    """
    loading = _Loading(None)
    found = loading.choice(registry, given, key)
    if loading.problems:
        raise ConfigError(loading.problems)
    return found


def store(value: Any) -> Any:
    """Return a config as plain mappings, lists and values, which `load` can read.

    A choice becomes a mapping with `kind` first, or only the name if the kind has no options.
    """
    if isinstance(value, Choice):
        options = store(value.options)
        return {"kind": value.kind, **options} if options else value.kind
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: store(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {key: store(inner) for key, inner in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [store(inner) for inner in cast("Sequence[Any]", value)]
    return value


@cache
def _hints(schema: type) -> dict[str, Any]:
    return get_type_hints(schema)


class _Loading:
    """One pass over a mapping.

    Attributes
    ----------
    problems : list of str
    """

    def __init__(self, version: int | None, *, former: bool = False) -> None:
        self.problems: list[str] = []
        self._defaults = VERSION_1 if version == 1 else {}
        self._former: Mapping[str, Any] = FORMER if former else {}

    def options(self, schema: type, given: Mapping[str, Any], key: str, kind: str = "") -> Any:
        fields = {field.name: field for field in dataclasses.fields(schema)}
        values: dict[str, Any] = {}
        former = {
            name: self._former[name]
            for name, field in fields.items()
            if field.metadata.get("auto") and name in self._former
        }
        given = {**former, **given}
        for name, value in given.items():
            where = f"{key}.{name}" if key else str(name)
            if name in fields:
                values[name] = self.value(fields[name], _hints(schema)[name], value, where)
            else:
                self.problems.append(_unknown_key(where, str(name), fields, kind))
        good = {name: value for name, value in values.items() if value is not _INVALID}
        result = schema(**good)
        for name in fields:
            found = None if name in values else getattr(result, name)
            if isinstance(found, str) and found == MISSING:
                self.problems.append(f"{f'{key}.{name}' if key else name}: missing; set it")
        return result

    def choice(
        self, registry: Registry[Any], given: Any, key: str, guess: Guess | None = None
    ) -> Any:
        if isinstance(given, Choice):
            given = store(cast("Choice[Any]", given))
        named = f"{key}.kind"
        if isinstance(given, str) and given != MISSING:
            given, named = {"kind": given}, key
        if not isinstance(given, Mapping):
            return self.refuse(given, "a name, or a mapping with kind", key)
        mapping = dict(cast("Mapping[str, Any]", given))
        name = mapping.pop("kind", MISSING)
        if isinstance(name, str) and name in (MISSING, AUTO) and guess is not None:
            name = guess(mapping)
        if isinstance(name, str) and name == MISSING:
            return self.refuse(name, "a name", named)
        try:
            kind = registry.load(name)
        except ConfigError as error:
            self.problems += [f"{named}: {problem}" for problem in error.problems]
            return _INVALID
        mapping = modernize(registry.group, name, mapping)
        mapping = {**self._defaults.get(registry.group, {}).get(name, {}), **mapping}
        known = len(self.problems)
        options = self.options(kind.options, mapping, key, name)
        if len(self.problems) == known:
            self.problems += kind.check(options, key)
        return Choice(name, options, kind)

    def value(self, field: dataclasses.Field[Any], wanted: Any, value: Any, where: str) -> Any:
        """Return a value in the type of its field, or `_INVALID`."""
        if field.metadata.get("auto") and _is_auto(value):
            return AUTO
        origin = get_origin(wanted)
        if origin in (Union, types.UnionType):
            if value is None:
                return None
            wanted = get_args(wanted)[0]
            origin = get_origin(wanted)
        if isinstance(value, str) and value == MISSING:
            return self.refuse(value, "a value", where)
        if origin is dict:
            if not isinstance(value, Mapping):
                return self.refuse(value, "a mapping", where)
            items = cast("Mapping[str, Any]", value).items()
            loaded = {str(k): self.entry(field, wanted, v, f"{where}.{k}") for k, v in items}
            return _INVALID if _has_invalid(loaded.values()) else loaded
        if origin is list:
            if isinstance(value, np.ndarray):
                value = cast("Sequence[Any]", value.tolist())
            if isinstance(value, str) or not isinstance(value, Sequence):
                return self.refuse(value, "a list", where)
            elements = enumerate(cast("Sequence[Any]", value))
            listed = [self.entry(field, wanted, v, f"{where}[{i}]") for i, v in elements]
            return _INVALID if _has_invalid(listed) else listed
        return self.entry(field, wanted, value, where)

    def entry(self, field: dataclasses.Field[Any], wanted: Any, value: Any, where: str) -> Any:
        """Return a typed value, or a typed element of a list or a mapping."""
        if "registry" in field.metadata:
            return self.choice(field.metadata["registry"], value, where, field.metadata["guess"])
        if get_origin(wanted) in (list, dict):
            wanted = get_args(wanted)[-1]
        if dataclasses.is_dataclass(wanted):
            if dataclasses.is_dataclass(value) and not isinstance(value, type):
                value = store(value)
            if not isinstance(value, Mapping):
                return self.refuse(value, "a mapping", where)
            return self.options(cast("type", wanted), cast("Mapping[str, Any]", value), where)
        return self.scalar(wanted, field.metadata.get("limits", Limits()), value, where)

    def scalar(self, wanted: Any, limits: Limits, value: Any, where: str) -> Any:
        found = _convert(wanted, value)
        if found is _INVALID:
            return self.refuse(value, _WORDS[wanted], where)
        if wanted is float and not math.isfinite(found):
            return self.refuse(found, "a finite number", where)
        expected = limits.refusal(found)
        if expected is not None:
            hint = did_you_mean(found, limits.among) if isinstance(found, str) else ""
            hint = f".{hint}" if hint else ""
            self.problems.append(f"{where}: found {found!r:.80}; expected {expected}{hint}")
            return _INVALID
        return found

    def refuse(self, value: Any, expected: str, where: str) -> Any:
        if isinstance(value, str) and value == MISSING:
            self.problems.append(f"{where}: missing; set it")
        else:
            found = "null" if value is None else repr(value)
            self.problems.append(f"{where}: found {found[:80]}; expected {expected}")
        return _INVALID


def _is_auto(value: Any) -> bool:
    return isinstance(value, str | dict) and value in (AUTO, {"kind": AUTO})


def _has_invalid(values: Collection[Any]) -> bool:
    return any(value is _INVALID for value in values)


def _convert(wanted: Any, value: Any) -> Any:
    """Return a value converted to a scalar type, or `_INVALID`."""
    if wanted is bool and isinstance(value, bool | np.bool_):
        return bool(cast("bool", value))
    if wanted is int and not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            return _INVALID
    if wanted is float and isinstance(value, int | float | np.number):
        try:
            return _INVALID if isinstance(value, bool) else float(cast("float", value))
        except OverflowError:
            return math.inf
    if wanted is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # output.name=2024
    if wanted is str and isinstance(value, str | os.PathLike):
        return os.fspath(cast("str | os.PathLike[str]", value))
    return _INVALID


def _unknown_key(where: str, name: str, names: Collection[str], kind: str) -> str:
    of_kind = f" for the kind {kind!r}" if kind else ""
    if kind and not names:
        return f"{where}: unknown key{of_kind}, which has no options"
    expected = ", ".join(sorted(names))
    return f"{where}: unknown key{of_kind}; expected one of {expected}.{did_you_mean(name, names)}"

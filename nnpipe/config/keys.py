"""Nested mappings as dotted keys, such as input.rows.start, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def dotted(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with dotted keys.

    >>> dotted({"seed": 0, "input": {"samples": 3}})
    {'seed': 0, 'input.samples': 3}
    """
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            result |= dotted(cast("Mapping[str, Any]", value), f"{before}{name}.")
        else:
            result[f"{before}{name}"] = value
    return result


def name_kinds(values: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as another mapping has them, in which a bare name may be a `kind`.

    >>> name_kinds({"activation": "tanh"}, {"activation.kind": "elu", "activation.alpha": 1.0})
    {'activation.kind': 'tanh'}
    """
    return {f"{key}.kind" if f"{key}.kind" in other else key: v for key, v in values.items()}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as nested mappings.

    Raises
    ------
    ValueError
        If a key has a value and lies before others too.

    >>> nested({"seed": 0, "input.samples": 3})
    {'seed': 0, 'input': {'samples': 3}}
    """
    result: dict[str, Any] = {}
    for key, value in values.items():
        inside = result
        *parts, name = key.split(".")
        for part in parts:
            found: Any = inside.setdefault(part, {})
            if not isinstance(found, dict):
                problem = f"{part} in {key} is a value"
                raise ValueError(problem)
            inside = cast("dict[str, Any]", found)
        if name in inside:
            problem = f"{key} has a value and lies before others"
            raise ValueError(problem)
        inside[name] = value
    return result

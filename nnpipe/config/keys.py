"""Convert between nested mappings and dotted keys, such as input.rows.start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def dotted(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Flatten nested mappings into one mapping with dotted keys.

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
    """Append `.kind` to the dotted keys of bare names that have it in another mapping.

    >>> name_kinds({"activation": "tanh"}, {"activation.kind": "elu", "activation.alpha": 1.0})
    {'activation.kind': 'tanh'}
    """
    return {f"{key}.kind" if f"{key}.kind" in other else key: v for key, v in values.items()}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Expand dotted keys into nested mappings.

    Raises
    ------
    ValueError
        If a key has a value and is also the beginning of another key.

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

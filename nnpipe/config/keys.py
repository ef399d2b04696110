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


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Expand dotted keys into nested mappings.

    >>> nested({"seed": 0, "input.samples": 3})
    {'seed': 0, 'input': {'samples': 3}}
    """
    result: dict[str, Any] = {}
    for key, value in values.items():
        inside: Any = result
        *parts, name = key.split(".")
        for part in parts:
            inside = inside.setdefault(part, {})
        inside[name] = value
    return result

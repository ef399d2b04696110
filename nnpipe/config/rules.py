"""The rules that many keys share: a name among names, a least value, keys of one kind only."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, cast

from nnpipe.config.registry import unknown


def check_options(
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


def check_name(key: str, name: str, kind: str, names: Collection[str]) -> list[str]:
    return [] if name in names else [f"{key}: {unknown(name, kind, names)}"]


def check_at_least(key: str, value: int, least: int) -> list[str]:
    return [] if value >= least else [f"{key}: found {value}; expected {least} or greater"]

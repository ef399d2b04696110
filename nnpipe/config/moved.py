"""Config keys with a new name: a config with the former name still works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

MOVED = {"output.figure": "output.metric"}
"""The current name of each former key. Both are in the same section."""


def move_keys(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Rename former keys, and return the config and a problem for each contradiction.

    A former key that is null counts as missing. If both names are given with different values,
    the value of the current name is kept and a problem is returned.

    >>> move_keys({"output": {"figure": "accuracy"}})
    ({'output': {'metric': 'accuracy'}}, [])
    """
    config, problems = dict(given), list[str]()
    for former, current in MOVED.items():
        section, _, name = former.partition(".")
        wanted = current.rpartition(".")[2]
        found = config.get(section)
        if not isinstance(found, Mapping) or name not in found:
            continue
        values = dict(cast("Mapping[str, Any]", found))
        value = values.pop(name)
        if values.get(wanted) is None:
            values[wanted] = value
        elif value is not None and repr(value) != repr(values[wanted]):
            problems.append(
                f"{former}: {current} is its new name and has another value; found "
                f"{repr(value)[:80]} and {repr(values[wanted])[:80]}; expected only {current}"
            )
        config[section] = values
    return config, problems

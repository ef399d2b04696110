"""The Hydra settings that a file may change: an allow-list of keys and their values.

Hydra calls the object named by `_target_`. A logging config, an environment variable, a search
path or a line of a batch script can run code too. Therefore a file that may come from a stranger,
and the overrides stored in a sweep, may set only the keys below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from hydra.types import RunMode
from omegaconf import OmegaConf

OPTUNA = "hydra_plugins.nnpipe_optuna.OptunaSweeper"

Key = tuple[str, ...]
"""A key without the prefix `hydra.`, such as ("launcher", "n_jobs")."""

_ABSENT = object()
_NAME = re.compile(r"[\w.,:@%+=/&|*\[\]-]+( [\w.,:@%+=/&|*\[\]-]+)*", re.ASCII)
_KEY = re.compile(r"\+{0,2}[A-Za-z_][\w.-]*(/[\w.-]+)*(@[\w.-]+)?", re.ASCII)


@dataclass(frozen=True)
class Rule:
    """The values that a key accepts.

    Attributes
    ----------
    holds : callable
        Returns whether a value is accepted.
    expected : str
        Describes the accepted values in an error message.
    """

    holds: Callable[[Any], bool]
    expected: str


def _is_whole(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _is_name(value: Any) -> bool:
    return value is None or (
        isinstance(value, str) and _NAME.fullmatch(value) is not None and value[0] != "-"
    )


def _one_of(*choices: Any) -> Rule:
    names = ", ".join(str(choice).lower() for choice in choices if isinstance(choice, str))
    return Rule(
        lambda value: any(type(value) is type(choice) and value == choice for choice in choices),
        f"one of {names}",
    )


_whole = Rule(_is_whole, "a whole number")
_number = Rule(lambda value: _is_whole(value) or isinstance(value, float), "a number")
_flag = Rule(lambda value: isinstance(value, bool), "true or false")
_name = Rule(_is_name, "one line of letters, digits, spaces and . , : @ % + = / & | * [ ] - _")
_batch = Rule(lambda value: value == "auto" or _is_whole(value), "a whole number or auto")
_ahead = Rule(lambda value: value == "all" or _is_whole(value), "a whole number or all")

RULES: dict[Key, Rule] = {
    ("mode",): Rule(lambda value: value is None or _mode(value), "RUN or MULTIRUN"),
    # joblib
    ("launcher", "n_jobs"): _whole,
    ("launcher", "backend"): _one_of(None, "loky", "multiprocessing", "threading"),
    ("launcher", "prefer"): _one_of(None, "processes", "threads"),
    ("launcher", "verbose"): _whole,
    ("launcher", "timeout"): _number,
    ("launcher", "pre_dispatch"): _ahead,
    ("launcher", "batch_size"): _batch,
    # submitit
    **{
        ("launcher", name): _whole
        for name in (
            *("timeout_min", "cpus_per_task", "mem_gb", "array_parallelism"),
            *("nodes", "tasks_per_node", "gpus_per_node", "gpus_per_task", "cpus_per_gpu"),
            *("signal_delay_s", "max_num_timeout"),
        )
    },
    **{
        ("launcher", name): _name
        for name in (
            *("name", "partition", "account", "qos", "comment", "constraint", "exclude", "gres"),
            *("mem_per_cpu", "mem_per_gpu"),
        )
    },
    ("launcher", "stderr_to_stdout"): _flag,
    # the sweepers
    ("sweeper", "max_batch_size"): _whole,
    ("sweeper", "direction"): _one_of("auto", "maximize", "minimize"),
    ("sweeper", "sampler"): _one_of("tpe", "random"),
    **{("sweeper", name): _whole for name in ("n_trials", "n_jobs", "seed")},
}


def _mode(value: Any) -> bool:
    return (value.name if isinstance(value, RunMode) else value) in RunMode.__members__


def is_allowed(path: Key, value: Any) -> bool:
    """Return whether a file may set a Hydra key to a value.

    >>> is_allowed(("launcher", "n_jobs"), 4), is_allowed(("launcher", "setup"), ["rm"])
    (True, False)
    """
    match path:
        case ("launcher" | "sweeper" as section, "_target_"):
            return installed(section, value) is not None
        case ("sweeper", "params"):
            return value is None or value == {}
        case ("sweeper", "params", key):
            return _is_swept(key, value)
        case _:
            rule = RULES.get(path)
            return rule is not None and rule.holds(value)


def refusal(path: Key, value: Any, where: object) -> str:
    """Return the message for a key that a file must not set to this value."""
    found = f"{where}: {'.'.join(path)}: found {str(value)[:80]!r} in a file; expected "
    path = path[1:] if path[:1] == ("hydra",) else path
    rule = RULES.get(path)
    if rule is not None:
        return f"{found}{rule.expected}."
    if path[:2] == ("sweeper", "params") and len(path) == 3:
        return f"{found}a key of the config, not of Hydra, and plain values on one line."
    return (
        f"{found}only Hydra's sweeper, launcher and mode. "
        "If you want this setting, type it on the command line."
    )


def _is_swept(key: str, value: Any) -> bool:
    """Return whether a sweeper may turn a key and its values into overrides."""
    text = str(value)
    return (
        _KEY.fullmatch(key) is not None
        and "hydra" not in re.split(r"[./@+]", key)
        and isinstance(value, str | int | float | None)
        and text.isprintable()
        and "${" not in text
        and not (key.endswith("engine.cluster") and "/" in text)
    )


def installed(section: str, target: Any) -> dict[str, Any] | None:
    """Return the default settings of a launcher or sweeper, or None if it is not installed.

    Parameters
    ----------
    section : str
        "launcher" or "sweeper".
    target : Any
        The value of `_target_`.
    """
    if section == "sweeper" and target == OPTUNA:
        return {"_target_": OPTUNA}
    store: Any = ConfigStore.instance().repo.get("hydra", {})
    for entry in store.get(section, {}).values():
        settings = plain(entry.node)
        if isinstance(settings, dict) and settings.get("_target_", _ABSENT) == target:
            return cast("dict[str, Any]", settings)
    return None


def plain(node: Any) -> Any:
    """Return a config node as plain values, without resolving interpolations."""
    whole: Any = OmegaConf.to_container(node, resolve=False) if OmegaConf.is_config(node) else node
    return whole


def changes(found: Any, expected: Any, path: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield every key whose value differs from the expected one. Lists are compared as a whole.

    >>> list(changes({"mode": None, "job": {"env_set": {"A": "b"}}}, {"mode": None, "job": {}}))
    [(('job', 'env_set', 'A'), 'b')]
    """
    if isinstance(found, dict) and (isinstance(expected, dict) or (found and expected in _NOTHING)):
        items = cast("dict[Any, Any]", found)
        before = cast("dict[Any, Any]", expected if isinstance(expected, dict) else {})
        for key in {**before, **items}:
            yield from changes(items.get(key, _ABSENT), before.get(key, _ABSENT), (*path, str(key)))
    elif type(cast("Any", found)) is not type(expected) or found != expected:
        yield path, None if found is _ABSENT else found


_NOTHING: tuple[Any, ...] = (_ABSENT, None, "???")


def foreign(found: Any, program: Any, ours: Sequence[Key] = ()) -> Iterator[tuple[Key, Any]]:
    """Yield the settings of a composed `hydra` node that no file may make.

    Parameters
    ----------
    found : Any
        The composed node, from `plain`.
    program : Any
        The node composed from the program's own files, from `plain`.
    ours : sequence of Key
        Keys that Hydra fills in during composition.
    """
    program = {**_mapping(program)}
    for section in ("launcher", "sweeper"):
        chosen = _mapping(_mapping(found).get(section))
        target = chosen.get("_target_")
        start = installed(section, target)
        if start is not None and _mapping(program.get(section)).get("_target_") != target:
            program |= {section: {key: start[key] for key in start if key in chosen}}
    for path, value in changes(found, program):
        if not any(path[: len(own)] == own for own in ours) and not is_allowed(path, value):
            yield path, value


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

"""Explain what Hydra refuses: every override that cannot be used, in one line each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from nnpipe.app.compose import VERSION_BASE, conf_folder, plain
from nnpipe.config.registry import did_you_mean, unknown
from nnpipe.errors import ConfigError
from nnpipe.pipeline.load import find_problems

# For a group's choice that is no name, as in input=3, Hydra raises a bare ValueError.
Refusal = (HydraException, OmegaConfBaseException, ValueError)

LAUNCHERS = {
    "joblib": "joblib",
    "cores": "joblib",
    "submitit_local": "slurm",
    "submitit_slurm": "slurm",
    "slurm": "slurm",
}
"""The launchers that need a package beside nnpipe, each with the extra that installs it."""


def explain(arguments: Sequence[str], error: Exception) -> list[str]:
    """Return one line for each problem of a command line that Hydra refused with an error.

    Hydra stops at the first. So the overrides are composed one by one, and those that fit are
    kept. One that does not is put into the plain config as it was typed, where the schema says
    in the same words as ever what is wrong with it.
    """
    given = get_args_parser().parse_args(list(arguments))
    typed: list[str] = given.overrides
    problems: list[str] = []
    overrides: list[Override] = []
    for text in typed:
        try:
            overrides += OverridesParser.create().parse_overrides([text])
        except OverrideParseException:
            problems.append(f"{text}: cannot be read; expected key=value, with quotes as needed")
    overrides.sort(key=lambda override: "." in override.key_or_group)

    accepted = _searched(given.config_dir, typed)
    refused: list[Override] = []
    composed: Mapping[str, Any] = {}
    with initialize_config_dir(str(conf_folder()), version_base=VERSION_BASE):
        for override in overrides:
            if override.is_sweep_override():
                continue
            line = str(override.input_line)
            try:
                compose("config", [*accepted, line])
            except ConfigError as file:
                problems += file.problems
            except MissingConfigException as missing:
                problems.append(_unknown_choice(override, missing))
            except Refusal:
                refused.append(override)
            else:
                accepted.append(line)
        try:
            composed = plain(compose("config", accepted))
        except ConfigError as file:
            return [*problems, *file.problems]
        except Refusal as still:
            return problems or [_one_line(still)]
    whole = dict(composed)
    for override in refused:
        problems += _put(whole, override)
    problems += find_problems(whole)
    return list(dict.fromkeys(problems)) or [_one_line(error)]


def _searched(folder: str | None, typed: Sequence[str]) -> list[str]:
    """Return the override by which the files of --config-dir are found too."""
    if folder is None or any("hydra.searchpath" in text for text in typed):
        return []
    path = f"file://{os.path.abspath(folder)}".replace("\\", "\\\\").replace("'", "\\'")
    return [f"hydra.searchpath=['{path}']"]


def _unknown_choice(override: Override, missing: MissingConfigException) -> str:
    group, choice = override.key_or_group, str(override.value())
    if group == "hydra/launcher" and choice in LAUNCHERS:
        extra = LAUNCHERS[choice]
        return f"{group}: {choice!r} is not installed. Run pip install 'nnpipe[{extra}]'."
    choices = [option for option in missing.options or () if option != "schema"]
    if not choices:
        return f"{group}: {' '.join(str(missing).split())}"
    return f"{group}: {unknown(choice, 'a choice', choices)}"


def _put(given: dict[str, Any], override: Override) -> list[str]:
    """Set a refused override in a plain config, or say why there is no place for it."""
    key = override.key_or_group
    value = override.value()
    node: dict[str, Any] = given
    path = key.split(".")
    for depth, part in enumerate(path[:-1]):
        here = ".".join(path[: depth + 1])
        if part not in node:
            return [_no_key(here, part, sorted(node))]
        if not isinstance(node[part], dict):
            return [f"{key}: {here} holds {node[part]!r}; expected a mapping"]
        node = node[part]
    if path[-1] not in node and len(path) == 1:
        return [_no_key(key, key, sorted(given))]
    node[path[-1]] = value
    return []


def _no_key(key: str, name: str, names: list[str]) -> str:
    choices = f"; expected one of {', '.join(names)}" if names else ""
    return f"{key}: unknown key{choices}.{did_you_mean(name, names)}"


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    cause = error.__cause__
    return f"{text} {' '.join(str(cause).split())}" if cause else text

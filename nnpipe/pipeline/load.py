"""Turn the YAML's keys into a valid config, or report every problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnpipe.config.load import load, store
from nnpipe.config.moved import move_keys
from nnpipe.errors import ConfigError
from nnpipe.pipeline.config import Config
from nnpipe.pipeline.rules import find_conflicts


def find_problems(given: Mapping[str, Any]) -> list[str]:
    """Return every problem of a config with the YAML's keys, without opening files."""
    return _load(given, None)[1]


def read_config(given: Mapping[str, Any], version: int | None = None) -> Config:
    """Return the config of a mapping with the YAML's keys, without opening files.

    Parameters
    ----------
    given : mapping
    version : int, optional
        The version of a stored config; see `load`.

    Raises
    ------
    ConfigError
        With every problem found.
    """
    config, problems = _load(given, version)
    if problems:
        raise ConfigError(problems)
    return config


def upgrade(stored: Mapping[str, Any], version: int) -> dict[str, Any]:
    """Convert a stored config of a version to the current version."""
    return store(read_config(stored, version))


def _load(given: Mapping[str, Any], version: int | None) -> tuple[Config, list[str]]:
    given, problems = move_keys(given)
    config, found = load(Config, given, version=version)
    problems += found
    # An invalid value was replaced by its default, so further problems of its key mean nothing.
    seen = {problem.partition(":")[0] for problem in problems}
    problems += [line for line in find_conflicts(config) if line.partition(":")[0] not in seen]
    return config, problems

"""Offer every kind as a choice of its config group, including kinds without a YAML file.

Hydra searches this source after the folders of YAML files, so installed packages are searched only
for a name that has no file.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import OmegaConf

from nnpipe.config.kind import Choice, Kind
from nnpipe.config.load import store
from nnpipe.config.registry import Registry
from nnpipe.engines import ENGINES
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.sources import SOURCES
from nnpipe.training.optimizers import OPTIMIZERS

PROVIDER = "nnpipe"
GROUPS: dict[str, Registry[Any]] = {
    "architecture": ARCHITECTURES,
    "input": SOURCES,
    "engine": ENGINES,
    "optimizer": OPTIMIZERS,
}
"""The groups whose choices are kinds."""

_SCHEMA = "schema"
"""The group of the schemas of version 0.1. Old YAML files still name them; they are now empty."""


def written(name: str, kind: Kind[Any, Any]) -> dict[str, Any]:
    """Return the content of a kind's YAML file: each option with its default.

    A kind among the options is written as its bare name, because OmegaConf would merge the options
    of one kind into those of another.
    """
    found: dict[str, Any] = {"kind": name}
    for field in fields(kind.options):
        value = getattr(kind.options(), field.name)
        found[field.name] = value.kind if isinstance(value, Choice) else store(value)
    return found


class KindSource(ConfigSource):
    """A source of configs for Hydra."""

    @staticmethod
    def scheme() -> str:
        """Return the scheme by which Hydra finds this class."""
        return "nnpipe"

    def available(self) -> bool:
        """Return True."""
        return True

    def load_config(self, config_path: str) -> ConfigResult:
        """Return the default options of a kind."""
        group, _, name = _normal(config_path).partition("/")
        content = {} if group == _SCHEMA else written(name, GROUPS[group].load(name))
        config = OmegaConf.create(content)
        return ConfigResult(self.provider, f"{self.scheme()}://", config, {"package": None})

    def is_group(self, config_path: str) -> bool:
        """Return whether a path is a group."""
        return config_path in GROUPS

    def is_config(self, config_path: str) -> bool:
        """Return whether a path is a kind."""
        group, _, name = _normal(config_path).partition("/")
        return group == _SCHEMA or (group in GROUPS and name in GROUPS[group])

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the names of a group's kinds."""
        return list(GROUPS[config_path]) if results_filter != ObjectType.GROUP else []


def _normal(config_path: str) -> str:
    return config_path.removesuffix(".yaml")

"""What version 1 stored is run with the defaults of version 1."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from nnpipe.config.defaults import VERSION_1
from nnpipe.config.kind import Choice, Kind
from nnpipe.config.load import load
from nnpipe.config.options import choice, option
from nnpipe.config.registry import Registry
from nnpipe.pipeline.load import upgrade

FROZEN = Path(__file__).parents[1] / "frozen" / "v0.1.0" / "outputs"
MOVED = {"input.low", "input.high", "input.p", "input.mean", "input.std", "output.figure"}
"""What has another name, or lies in the distribution now."""
CONFIGS = sorted(FROZEN.rglob("config.yaml"))


@dataclass(frozen=True)
class LaterOptions:
    """The options of step, as a later version may have them."""

    every: float = option(99.0, "another default")
    factor: float = option(0.9, "another default")


step = Kind(LaterOptions, lambda options: options)
LATER: Registry[Any] = Registry("a schedule", "nnpipe.schedules", {"step": f"{__name__}:step"})


@dataclass(frozen=True)
class Later:
    """A section of a later version."""

    schedule: Choice[Any] = choice(LATER, "step", "of which the defaults have changed")


@pytest.mark.parametrize("stored", ["step", {"kind": "step", "every": None, "floor": None}])
def test_what_version_1_left_out_or_null_has_the_default_of_version_1(
    stored: Any,
) -> None:
    config, problems = load(Later, {"schedule": stored}, version=1)
    assert problems == []
    assert config.schedule.options == LaterOptions(**VERSION_1["nnpipe.schedules"]["step"])


def test_what_a_config_of_today_leaves_out_has_the_default_of_today() -> None:
    config, _ = load(Later, {"schedule": "step"})
    assert config.schedule.options == LaterOptions()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: str(path.parent.relative_to(FROZEN)))
def test_the_config_of_a_frozen_run_is_upgraded_once_and_for_all(path: Path) -> None:
    upgraded = upgrade(yaml.safe_load(path.read_text()), 1)
    assert upgrade(upgraded, 2) == upgraded


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: str(path.parent.relative_to(FROZEN)))
def test_an_upgraded_config_keeps_every_value_that_was_stored(path: Path) -> None:
    stored = yaml.safe_load(path.read_text())
    for lost in _lost(stored, upgrade(stored, 1)):
        assert lost in MOVED


def _lost(stored: Any, upgraded: Any, key: str = "") -> list[str]:
    """Return the keys of values, not null, that a config has and another has not."""
    if stored is None or stored == upgraded or {"kind": stored} == upgraded:
        return []
    if isinstance(upgraded, str) and isinstance(stored, dict) and stored["kind"] == upgraded:
        upgraded = {"kind": upgraded}
    if isinstance(stored, str) and isinstance(upgraded, dict) and upgraded["kind"] == stored:
        return []
    if isinstance(stored, dict) and isinstance(upgraded, dict):
        inside = [
            _lost(value, upgraded.get(name), f"{key}.{name}".lstrip("."))
            for name, value in stored.items()
        ]
        return [name for names in inside for name in names]
    if isinstance(stored, list) and isinstance(upgraded, list):
        pairs = zip(stored, upgraded, strict=True)
        return [name for old, new in pairs for name in _lost(old, new, key)]
    return [key]

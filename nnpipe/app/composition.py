"""Spare the compositions of a config that Hydra makes twice; each takes a tenth of a second."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from omegaconf import DictConfig

_KEPT = 256


def is_single(arguments: Sequence[str]) -> bool:
    """Tell from what was typed that it is a single run; False also where it cannot be told.

    Flags, keys of Hydra's own and experiments, whose files may set `hydra.mode`, make a sweep.

    >>> is_single(["seed=1", "input=random"]), is_single(["-m", "seed=1,2"])
    (True, False)
    """
    other = ("-", "+", "~", "hydra", "experiment")
    return all("=" in text and not text.startswith(other) for text in arguments)


@contextmanager
def composed_once(arguments: Sequence[str]) -> Generator[None]:
    """Let Hydra compose a single run once, and each job of a sweep once.

    For a single run it composes the whole config to read `hydra.mode`, and then again to run it;
    when it cannot read it, it takes what was typed for a single run. The config of each job it
    composes to see whether it can be, and then again when its turn comes.
    """
    mode, load = Hydra.get_mode, ConfigLoaderImpl.load_sweep_config
    tried: dict[tuple[str, ...], DictConfig] = {}

    def load_once(
        self: ConfigLoaderImpl, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        key = tuple(sweep_overrides)
        if key in tried:
            # It belongs to its job from now on, which changes it.
            return tried.pop(key)
        config = load(self, master_config, sweep_overrides)
        if len(tried) < _KEPT:
            tried[key] = config
        return config

    ConfigLoaderImpl.load_sweep_config = load_once
    if is_single(arguments):
        Hydra.get_mode = _unread
    try:
        yield
    finally:
        Hydra.get_mode, ConfigLoaderImpl.load_sweep_config = mode, load


def _unread(*_: Any, **__: Any) -> None:
    return None

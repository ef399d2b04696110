"""Claim one folder for a whole sweep, before its first job."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from nnpipe.app.compose import plain
from nnpipe.errors import ConfigError
from nnpipe.plan import find_problems
from nnpipe.runs.claim import claim


class SweepRefused(BaseException):
    """A sweep that cannot begin. Hydra makes a warning of any Exception that leaves a callback."""

    def __init__(self, reason: ConfigError) -> None:
        self.reason = reason
        super().__init__(str(reason))


class ClaimSweep(Callback):
    """Claims the sweep's folder, once the part of the config that all jobs share is checked.

    Hydra composes the config of every job anew from what was typed, so the folder is handed to
    the jobs as if it had been typed too.
    """

    claimed: Path | None = None

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse what is wrong in every job; then make the folder."""
        try:
            folder = self._claim(config)
        except ConfigError as error:
            raise SweepRefused(error) from error
        ClaimSweep.claimed = folder
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir='{folder}'")
        config.hydra.sweep.dir = str(folder)

    def _claim(self, config: DictConfig) -> Path:
        swept = swept_keys(config)
        problems = [line for line in find_problems(plain(config)) if not line.startswith(swept)]
        if problems:
            raise ConfigError(problems)
        return claim(Path(config.output.root), config.output.name).resolve()


def swept_keys(config: DictConfig) -> tuple[str, ...]:
    """Return the keys and groups that differ from job to job."""
    typed = cast("list[str]", OmegaConf.to_container(config.hydra.overrides.task))
    parsed = OverridesParser.create().parse_overrides(typed)
    keys = [override.key_or_group for override in parsed if override.is_sweep_override()]
    params = OmegaConf.select(config, "hydra.sweeper.params")
    return (*keys, *(str(key) for key in params or ()))

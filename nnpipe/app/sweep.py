"""Claim one folder for a whole sweep, before its first job."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from nnpipe.app import study
from nnpipe.app.compose import plain
from nnpipe.errors import ConfigError, NnpipeError, RunError, RunFailed, one_line
from nnpipe.plan import find_problems
from nnpipe.runs.claim import claim
from nnpipe.runs.definition import Definition, read_definition, write_definition
from nnpipe.runs.details import read_yaml
from nnpipe.runs.difference import differing, dotted
from nnpipe.runs.lock import hold
from nnpipe.runs.manifest import FILE
from nnpipe.runs.open import OVERRIDES
from nnpipe.runs.record import now
from nnpipe.runs.state import SWEEP, look


class SweepRefused(BaseException):
    """A sweep that cannot begin. Hydra makes a warning of any Exception that leaves a callback."""

    def __init__(self, reason: NnpipeError) -> None:
        self.reason = reason
        super().__init__(str(reason))


class ClaimSweep(Callback):
    """Claims the sweep's folder, once the part of the config that all jobs share is checked.

    Hydra composes the config of every job anew from what was typed, so the folder is handed to
    the jobs as if it had been typed too.
    """

    claimed: Path | None = None
    resuming: Path | None = None
    lock: ExitStack | None = None

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse what is wrong in every job; then make the folder, or take up the given one."""
        try:
            folder = self._claim(config)
        except (ConfigError, RunError, RunFailed) as error:
            raise SweepRefused(error) from error
        ClaimSweep.lock = ExitStack()
        ClaimSweep.lock.enter_context(hold(folder / SWEEP))
        ClaimSweep.claimed = folder
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir='{folder}'")
        config.hydra.sweep.dir = str(folder)

    def _claim(self, config: DictConfig) -> Path:
        swept = swept_keys(config)
        problems = [line for line in find_problems(plain(config)) if not line.startswith(swept)]
        if config.hydra.sweeper.get("_target_") == study.TARGET:
            problems += study.problems(config.hydra.sweeper, config.output.figure)
        if problems:
            raise ConfigError(problems)
        definition = define(config)
        if ClaimSweep.resuming is not None:
            take_up(ClaimSweep.resuming, definition)
            return ClaimSweep.resuming
        folder = claim(Path(config.output.root), config.output.name).resolve()
        try:
            write_definition(folder, definition)
        except OSError as error:
            folder.rmdir()
            raise RunFailed(folder, one_line(error)) from error
        return folder


def define(config: DictConfig) -> Definition:
    """Return what a composed config asks a sweep to do."""
    params: Any = OmegaConf.select(config, "hydra.sweeper.params")
    return Definition(
        started=now(),
        directory=str(Path.cwd()),
        task=cast("list[str]", OmegaConf.to_container(config.hydra.overrides.task)),
        hydra=cast("list[str]", OmegaConf.to_container(config.hydra.overrides.hydra)),
        config=plain(config),
        params={str(key): str(params[key]) for key in params or ()},
    )


def take_up(folder: Path, now_asked: Definition) -> None:
    """Make a sweep's folder ready to go on, if it is asked for the same as it was.

    Raises
    ------
    RunError
        If the config is not the same any more.
    """
    before = read_definition(folder)
    pairs = differing(
        dotted({"config": before.config, "params": before.params}),
        dotted({"config": now_asked.config, "params": now_asked.params}),
    )
    if pairs:
        key, (was, is_now) = next(iter(pairs.items()))
        more = f" (and {len(pairs) - 1} more)" if len(pairs) > 1 else ""
        problem = (
            f"{folder}: {key.partition('.')[2]} has changed since the sweep began; found "
            f"{is_now!r}; expected {was!r}{more}. Undo the change, or start a new sweep."
        )
        raise RunError(problem)
    (folder / FILE).unlink(missing_ok=True)


def begin_job(folder: Path, overrides: list[str]) -> bool:
    """Tell whether a job has still to be done; if so, clear away what an earlier try left.

    Raises
    ------
    RunError
        If the folder holds the complete run of another job.
    """
    if look(folder).status == "complete":
        done = read_yaml(folder / OVERRIDES)
        if done != overrides:
            problem = f"{folder}: holds the run of {done}; expected {overrides}. Nothing was done."
            raise RunError(problem)
        return False
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    return True


def swept_keys(config: DictConfig) -> tuple[str, ...]:
    """Return the keys and groups that differ from job to job."""
    typed = cast("list[str]", OmegaConf.to_container(config.hydra.overrides.task))
    parsed = OverridesParser.create().parse_overrides(typed)
    keys = [override.key_or_group for override in parsed if override.is_sweep_override()]
    params = OmegaConf.select(config, "hydra.sweeper.params")
    return (*keys, *(str(key) for key in params or ()))

"""Claim one folder for a whole sweep before its first job."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict

from nnpipe.app import study
from nnpipe.app.composed import output_of, plain
from nnpipe.app.job import has_ended, job_of, refuse_running
from nnpipe.app.slurm import OWN, SUBMITTED, is_slurm, refuse_line_breaks
from nnpipe.app.swept import MOST_JOBS, count_jobs, swept_keys, swept_overrides
from nnpipe.config.defaults import is_before_auto, without_auto
from nnpipe.config.keys import dotted
from nnpipe.config.load import load, store
from nnpipe.errors import ConfigError, NnpipeError, RunError, RunFailed, one_line
from nnpipe.pipeline.config import Config
from nnpipe.pipeline.load import find_problems
from nnpipe.runs.inspect.difference import differing
from nnpipe.runs.inspect.state import is_job, jobs, look
from nnpipe.runs.inspect.sweep import let_jobs_end
from nnpipe.runs.store.claim import claim
from nnpipe.runs.store.definition import STUDY, SWEEP, Definition, read_definition, write_definition
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.lock import is_held
from nnpipe.runs.store.manifest import FILE, SCHEMA_VERSION
from nnpipe.runs.store.open import LOG
from nnpipe.runs.store.parts import FOLDER as PARTS
from nnpipe.runs.store.record import Record, now
from nnpipe.system.subprocess import PATIENCE

SINCE = "NNPIPE_SINCE"
"""The variable with the time of a sweep's first launch, for the jobs of a repeated launch."""

PLACE = "NNPIPE_SWEEP"
"""The variable with a sweep's folder, for its jobs."""

FORMER = "NNPIPE_FORMER"
"""The variable that tells the jobs of a sweep that began before `auto` to use its defaults."""


class SweepRefused(BaseException):
    """A sweep that cannot begin. Hydra turns an Exception from a callback into a warning."""

    def __init__(self, reason: NnpipeError) -> None:
        self.reason = reason
        super().__init__(reason)


class ClaimSweep(Callback):
    """Checks the part of the config that all jobs share, and claims the sweep's folder.

    Hydra composes the config of every job from the typed overrides, so the folder is added to them.
    Hydra and the launchers write their own files by path and follow links, so they get a private
    folder.

    Attributes
    ----------
    claimed : Folder or None
        The sweep's folder.
    own : Path or None
        The folder for the files of Hydra and of the launcher.
    """

    claimed: Folder | None = None
    own: Path | None = None
    resuming: Folder | None = None
    lock: ExitStack | None = None
    local: bool = False
    since: str | None = None
    ended: int = -1

    @classmethod
    def forget(cls, resuming: Folder | None) -> None:
        """Reset the class, and set the folder of a sweep to resume, if any."""
        cls.claimed, cls.own, cls.resuming, cls.lock = None, None, resuming, None
        cls.local, cls.since, cls.ended = False, None, -1

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse what would fail in every job, then create the folder or resume the given one."""
        if ClaimSweep.lock is None:
            ClaimSweep.lock = ExitStack()
        try:
            folder = self._claim(config, ClaimSweep.lock)
        except NnpipeError as error:
            raise SweepRefused(error) from error
        except OSError as error:
            raise SweepRefused(RunError(one_line(error))) from error
        ClaimSweep.claimed = folder
        launcher = str(config.hydra.launcher.get("_target_"))
        ClaimSweep.local = launcher.endswith((".JoblibLauncher", ".LocalLauncher"))
        environment = {PLACE: str(folder.path)}
        if ClaimSweep.since is None:
            ClaimSweep.since = now()
        else:
            environment[SINCE] = ClaimSweep.since
        if is_before_auto(read_definition(folder.path).config):
            environment[FORMER] = "1"
        config.hydra.sweep.dir = str(ClaimSweep.own)
        config.hydra.overrides.hydra += [
            f"hydra.sweep.dir={_quoted(str(ClaimSweep.own))}",
            *(f"+hydra.job.env_set.{name}={_quoted(text)}" for name, text in environment.items()),
        ]
        with open_dict(config):
            config.hydra.job.env_set.update(environment)

    @classmethod
    def can_go_on(cls) -> bool:
        """Prepare to launch the unfinished jobs again, and return whether that is useful.

        It is useful if a job has ended since the last launch, because then the launches end too.
        """
        if cls.claimed is None or cls.since is None:
            return False
        let_jobs_end(cls.claimed.path, 2 * PATIENCE)
        cls.resuming = cls.claimed
        before, since = cls.ended, cls.since
        cls.ended = sum(has_ended(look(job), since) for job in jobs(cls.claimed.path))
        return cls.ended > before

    @classmethod
    def mark_killed(cls) -> None:
        """Mark as interrupted the jobs on this machine that were killed without a manifest."""
        if cls.claimed is None or not cls.local:
            return
        let_jobs_end(cls.claimed.path)
        for job in jobs(cls.claimed.path):
            if not ((job / FILE).exists() or is_held(job / LOG)):
                with job_of(cls.claimed, job.name) as folder:
                    Record(folder).try_to_seal("interrupted", "killed")

    def _claim(self, config: DictConfig, lock: ExitStack) -> Folder:
        swept, given = swept_keys(config), plain(config)
        output = output_of(given)
        problems = [line for line in find_problems(given) if not line.startswith(swept)]
        if config.hydra.sweeper.get("_target_") == study.TARGET:
            problems += study.problems(config.hydra.sweeper, output.metric)
        elif (wanted := count_jobs(swept_overrides(config))) > MOST_JOBS:
            problems.append(f"the sweep: found {wanted:,} jobs; expected {MOST_JOBS:,} at most")
        if problems:
            raise ConfigError(problems)
        resuming = ClaimSweep.resuming
        place = resuming.path if resuming else Path(output.root).resolve()
        if "submitit" in str(config.hydra.launcher.get("_target_")):
            refuse_line_breaks(place)
        definition = define(config)
        if resuming is not None:
            folder = resuming
            if ClaimSweep.claimed is None:  # a repeated launch already has the lock
                refusal = f"{place}: another process is running the sweep. Wait until it ends."
                lock.enter_context(folder.hold(SWEEP, refusal))
            resume(folder, definition)
        else:
            folder = lock.enter_context(claim(Path(output.root), output.name))
            folder.path = folder.path.resolve()
            try:
                write_definition(folder, definition)
            except OSError as error:
                folder.path.rmdir()
                raise RunFailed(folder.path, one_line(error)) from error
            lock.enter_context(folder.hold(SWEEP))
        if ClaimSweep.own is None:
            ClaimSweep.own = own_folder(folder, config.hydra.launcher, lock)
        return folder


def own_folder(folder: Folder, launcher: Any, lock: ExitStack) -> Path:
    """Make a folder, private to the user, for the files that Hydra and the launcher use by path.

    It is a temporary folder, which nobody can replace by a link. Slurm's jobs need it on other
    machines, so for Slurm it is in the sweep's folder. Earlier files of submitit there are removed,
    because submitit reads results with pickle.

    Raises
    ------
    RunError
        If other users could replace the folder for Slurm.
    """
    if not is_slurm(launcher):
        own = Path(tempfile.mkdtemp(prefix="nnpipe-"))
        lock.callback(shutil.rmtree, own, ignore_errors=True)
        return own
    if folder.is_open_to_all:
        problem = (
            f"{folder.path}: everyone may write to it, and Slurm's jobs would load what others put "
            "there. Remove that permission with chmod o-w."
        )
        raise RunError(problem)
    folder.remove(OWN)
    folder.make(OWN, 0o700)
    return folder.path / OWN


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def define(config: DictConfig) -> Definition:
    """Return the definition of the sweep in a composed config."""
    params: Any = OmegaConf.select(config, "hydra.sweeper.params")
    return Definition(
        started=now(),
        directory=str(Path.cwd()),
        task=cast("list[str]", OmegaConf.to_container(config.hydra.overrides.task)),
        hydra=cast("list[str]", OmegaConf.to_container(config.hydra.overrides.hydra)),
        config=plain(config),
        params={str(key): str(params[key]) for key in params or ()},
    )


def resume(held: Folder, now_asked: Definition) -> None:
    """Prepare a sweep's folder, locked by this process, to continue the sweep.

    Raises
    ------
    RunError
        If another process has completed the sweep meanwhile, if one of its jobs is still running,
        if the config has changed, or if anything to be changed is a link or is not the sweep's
        own.
    """
    folder = held.path
    if look(folder).status == "complete":
        problem = f"{folder}: the sweep is complete. There is nothing to resume."
        raise RunError(problem)
    for job in jobs(folder):
        refuse_running(job)
    before = read_definition(folder)
    if is_before_auto(before.config):
        now_asked = replace(now_asked, config=without_auto(now_asked.config))
    pairs = differing(
        dotted({"config": resolved(before), "params": before.params}),
        dotted({"config": resolved(now_asked), "params": now_asked.params}),
    )
    if pairs:
        key, (was, is_now) = next(iter(pairs.items()))
        more = f" (and {len(pairs) - 1} more)" if len(pairs) > 1 else ""
        problem = (
            f"{folder}: {key.partition('.')[2]} has changed since the sweep began; found "
            f"{is_now!r}; expected {was!r}{more}. Undo the change, or start a new sweep."
        )
        raise RunError(problem)
    _check(held)
    held.remove(FILE)


def resolved(definition: Definition) -> dict[str, Any]:
    """Return the config that all jobs share, with every default written out."""
    return store(load(Config, definition.config, version=definition.schema_version)[0])


def with_former_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a job with the defaults of before `auto`, or as it is if it is wrong."""
    config, problems = load(Config, without_auto(given), version=SCHEMA_VERSION)
    return given if problems else store(config)


def _check(sweep: Folder) -> None:
    """Check that everything to be changed is the sweep's own; see `Folder.check`."""
    sweep.remove(f"{STUDY}.lock")  # a link that a killed process of Optuna left
    sweep.check_all("runs", OWN, SUBMITTED)
    with sweep.inside("runs", make=True) as runs:
        names = runs.names()
        runs.check_all(*filter(is_job, names))
        for name in names:
            if look(runs.path / name).status != "complete":
                with runs.inside(name) as job:
                    job.check_all(PARTS)

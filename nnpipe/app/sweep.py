"""Claim one folder for a whole sweep, before its first job."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict

from nnpipe.app import study
from nnpipe.app.composed import output_of, plain
from nnpipe.app.job import has_ended, job_of, refuse_running
from nnpipe.app.slurm import OWN, SUBMITTED, is_slurm, refuse_line_breaks
from nnpipe.app.swept import MOST_JOBS, count_jobs, swept_keys, swept_overrides
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
from nnpipe.runs.store.manifest import FILE
from nnpipe.runs.store.open import LOG
from nnpipe.runs.store.parts import FOLDER as PARTS
from nnpipe.runs.store.record import Record, now
from nnpipe.system.subprocess import PATIENCE

SINCE = "NNPIPE_SINCE"
"""Tells the jobs of a sweep that is launched again when it was launched first."""

PLACE = "NNPIPE_SWEEP"
"""Tells the jobs of a sweep where its folder is."""


class SweepRefused(BaseException):
    """A sweep that cannot begin. Hydra makes a warning of any Exception that leaves a callback."""

    def __init__(self, reason: NnpipeError) -> None:
        self.reason = reason
        super().__init__(reason)


class ClaimSweep(Callback):
    """Claims the sweep's folder, once the part of the config that all jobs share is checked.

    Hydra composes the config of every job again from what was typed, so the folder is handed to
    the jobs as if it had been typed too. Hydra and the launchers write files of their own by path,
    through any link: they get a private folder for them.

    Attributes
    ----------
    claimed : Folder or None
        The sweep's.
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
        """Begin anew, with the folder of a sweep that is taken up, if any."""
        cls.claimed, cls.own, cls.resuming, cls.lock = None, None, resuming, None
        cls.local, cls.since, cls.ended = False, None, -1

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Refuse what is wrong in every job; then make the folder, or take up the given one."""
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
        told = {PLACE: str(folder.path)}
        if ClaimSweep.since is None:
            ClaimSweep.since = now()
        else:
            told[SINCE] = ClaimSweep.since
        config.hydra.sweep.dir = str(ClaimSweep.own)
        config.hydra.overrides.hydra += [
            f"hydra.sweep.dir={_quoted(str(ClaimSweep.own))}",
            *(f"+hydra.job.env_set.{name}={_quoted(text)}" for name, text in told.items()),
        ]
        with open_dict(config):
            config.hydra.job.env_set.update(told)

    @classmethod
    def can_go_on(cls) -> bool:
        """Prepare to launch the jobs that have not ended; tell whether that makes sense.

        It does if any job has ended since the last time: then it comes to an end.
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
        """Mark as interrupted the jobs on this machine that were killed before they could."""
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
            if ClaimSweep.claimed is None:  # else it is launched again, and has the lock
                refusal = f"{place}: the sweep is running in another process. Wait until it ends."
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
    """Make a folder, private to the user, for what Hydra and the launcher write and read by path.

    It is a temporary one, where nobody can put a link in its place. Slurm's jobs need it on other
    machines, so theirs lies in the sweep's folder. What submitit left there earlier goes: it reads
    results with pickle.

    Raises
    ------
    RunError
        If others could put another in the place of Slurm's.
    """
    if not is_slurm(launcher):
        own = Path(tempfile.mkdtemp(prefix="nnpipe-"))
        lock.callback(shutil.rmtree, own, ignore_errors=True)
        return own
    if folder.is_open_to_all:
        problem = (
            f"{folder.path}: everyone may write to it, and Slurm's jobs would load what anyone "
            "puts there. Take that permission away with chmod o-w."
        )
        raise RunError(problem)
    folder.remove(OWN)
    folder.make(OWN, 0o700)
    return folder.path / OWN


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


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


def resume(held: Folder, now_asked: Definition) -> None:
    """Make a sweep's folder, to which this process holds the lock, ready to go on.

    Raises
    ------
    RunError
        If another process has completed it meanwhile, if a job that outlived its sweep still goes
        on, if the config is not the same any more, or if anything that would be changed is a link
        or not the sweep's own.
    """
    folder = held.path
    if look(folder).status == "complete":
        problem = f"{folder}: the sweep is complete. There is nothing to resume."
        raise RunError(problem)
    for job in jobs(folder):
        refuse_running(job)
    before = read_definition(folder)
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
    """Return the config that all jobs share with every value written out."""
    return store(load(Config, definition.config, version=definition.schema_version)[0])


def _check(sweep: Folder) -> None:
    """Check that all that will be changed in a sweep is the sweep's own; see `Folder.check`."""
    sweep.remove(f"{STUDY}.lock")  # Optuna's, of a process that was killed; a link
    sweep.check_all("runs", OWN, SUBMITTED)
    with sweep.inside("runs", make=True) as runs:
        names = runs.names()
        runs.check_all(*filter(is_job, names))
        for name in names:
            if look(runs.path / name).status != "complete":
                with runs.inside(name) as job:
                    job.check_all(PARTS)

"""Run what the command line asks for, and answer with one line and an exit status."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Generator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import hydra
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from threadpoolctl import threadpool_limits

from nnpipe.app.compose import VERSION_BASE, conf_folder, job_folder, register
from nnpipe.app.composed import output_of, plain
from nnpipe.app.composition import composed_once
from nnpipe.app.explain import Refusal, explain
from nnpipe.app.job import begin_job, job_of
from nnpipe.app.modules import installed_modules
from nnpipe.app.progress import progress_for
from nnpipe.app.slurm import OWN, cancel_line, wait_for_others
from nnpipe.app.sweep import PLACE, SINCE, ClaimSweep, SweepRefused
from nnpipe.app.termination import TERMINATED, Terminated, terminable
from nnpipe.errors import NnpipeError, RunError, RunFailed, one_line
from nnpipe.pipeline.run import run
from nnpipe.report.illustrate import illustrate_sweep
from nnpipe.runs.inspect.sweep import add_row, finish_sweep, job_line, metric_of
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import FILE as MANIFEST
from nnpipe.runs.store.record import Record
from nnpipe.system.cores import cores
from nnpipe.system.subprocess import in_subprocess
from nnpipe.system.text import PrintableFormatter, printable

FAILED, BAD_REQUEST, INTERRUPTED = 1, 2, 130

register()

# What ended a single run. Hydra would report an error that leaves the task in words of its own.
_failures: list[Exception] = []


def main(arguments: Sequence[str] | None = None, resuming: Folder | None = None) -> int:
    """Run what the command line asks for and return the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of what was typed after the program's name.
    resuming : Folder, optional
        The folder of a sweep, which is taken up instead of a new one.
    """
    if arguments is not None:
        sys.argv[1:] = arguments
    full = os.environ.get("HYDRA_FULL_ERROR") == "1"
    # Otherwise Hydra prints a report of its own and ends the process with status 1.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    ClaimSweep.forget(resuming)
    status = 0
    with _console(), terminable(), installed_modules():
        try:
            _launch()
            if _failures:
                raise _failures.pop()
        except KeyboardInterrupt as error:
            terminated = isinstance(error, Terminated)
            status = TERMINATED if terminated else INTERRUPTED
            _complain("terminated" if terminated else "interrupted", error, full)
        except SweepRefused as error:
            status = FAILED if isinstance(error.reason, RunFailed) else BAD_REQUEST
            _complain(str(error.reason), error.reason, full)
        except Refusal as error:
            status = BAD_REQUEST
            _complain(explain(error), error, full)
        except NnpipeError as error:
            status = FAILED if isinstance(error, RunFailed) else BAD_REQUEST
            _complain(str(error), error, full)
        except BrokenExecutor as error:
            status = FAILED
            problem = (
                "hydra/launcher: its processes are killed before any job ends; "
                "expected them to live as long as the sweep. Take it up with nnpipe runs resume."
            )
            _complain(problem, error, full)
        except Exception as error:
            status = FAILED
            sweep = ClaimSweep.claimed
            # What became of the job is in the sweep's table.
            own = ClaimSweep.own
            if sweep is None or own is None or not wait_for_others(sweep, own, error):
                _complain(one_line(error), error, full)
        if ClaimSweep.claimed is not None:
            try:
                ClaimSweep.mark_killed()
                cancel = cancel_line(ClaimSweep.claimed.path) if status >= INTERRUPTED else None
                if cancel is not None:
                    _say(f"Slurm jobs may go on; to end them: {cancel}")
                text, complete = finish_sweep(
                    ClaimSweep.claimed,
                    interrupted=status >= INTERRUPTED,
                    illustrate=illustrate_sweep,
                )
            except (NnpipeError, OSError) as error:
                text, complete = "", False
                if status not in (FAILED, BAD_REQUEST):  # else it is said already what is wrong
                    where = ClaimSweep.claimed.path
                    _complain(f"{where}: no manifest: {one_line(error)}", error, full)
            _say(text)
            status = status or (0 if complete else FAILED)
            if complete:
                ClaimSweep.claimed.remove(OWN)
        if ClaimSweep.lock is not None:
            ClaimSweep.lock.close()
    if not full:
        del os.environ["HYDRA_FULL_ERROR"]
    return status


def _launch() -> None:
    """Have Hydra run what was typed, and the rest of it again where joblib gave up."""
    while True:
        try:
            with composed_once(sys.argv[1:]):
                hydra.main(
                    version_base=VERSION_BASE, config_path=str(conf_folder()), config_name="config"
                )(start)()
            return
        except BrokenExecutor:
            # A process of joblib's was killed, for which joblib kills the others too.
            if not ClaimSweep.can_go_on():
                raise


def start(config: DictConfig) -> float | None:
    """Run one composed config: a single run, or a job of a sweep; return the metric of a job."""
    context = HydraConfig.get()
    overrides = [str(override) for override in context.overrides.task]
    given = plain(config)
    if context.mode != RunMode.MULTIRUN:
        try:
            run(given, overrides=overrides, progress=progress_for(sys.stderr)).close()
        except Exception as error:
            _failures.append(error)
        return None
    try:
        return _play(context, given, overrides, output_of(given).metric)
    except (NnpipeError, OSError) as error:
        # Of any Exception that leaves a job Hydra says a line of its own.
        if isinstance(error, OSError):
            error = RunFailed(Path(context.job.env_set[PLACE]), one_line(error))
        raise SweepRefused(error) from error


def _play(
    context: HydraConf, given: dict[str, Any], overrides: list[str], metric: str | None
) -> float | None:
    """Do a job of a sweep, unless it is done; return its metric."""
    told = context.job.env_set
    with ExitStack() as stack:
        sweep = stack.enter_context(_sweep(Path(told[PLACE])))
        folder = stack.enter_context(job_of(sweep, job_folder(context.job.num)))
        if not begin_job(folder, overrides, told.get(SINCE)):
            return metric_of(folder.path, metric)
        if "joblib" in str(context.launcher._target_):
            # Joblib gives up all its processes when one dies.
            killed = in_subprocess(_job, folder, given, overrides)
            if killed is not None and not (folder.path / MANIFEST).exists():
                Record(folder).seal("interrupted", killed)
        else:
            _job(folder, given, overrides)
        with suppress(OSError, RunError):  # the table is written again at the end
            add_row(sweep, folder.path.name)
        _say(job_line(folder.path))
        return metric_of(folder.path, metric)


@contextmanager
def _sweep(place: Path) -> Generator[Folder]:
    """Yield the folder of a job's sweep, which another process may hold."""
    if ClaimSweep.claimed is not None:
        yield ClaimSweep.claimed
        return
    with Folder.open(place.parent, follow=True) as versions, versions.inside(place.name) as sweep:
        yield sweep


def _job(folder: Folder, given: dict[str, Any], overrides: list[str]) -> None:
    """Run a job of a sweep on this process's share of the cores."""
    try:
        # Submitit has SIGTERM pass by, which Slurm sends a little before it kills.
        with terminable(), threadpool_limits(cores()):
            run(given, overrides=overrides, folder=folder).close()
    except RunFailed:
        pass  # its manifest says why; the other jobs go on
    except NnpipeError as error:
        record = Record(folder)
        record.write_config(given, overrides)
        record.seal("failed", one_line(error))


@contextmanager
def _console() -> Generator[None]:
    """Show on standard output what nnpipe logs of a single run; errors are shown at the end."""
    logger = logging.getLogger("nnpipe")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(PrintableFormatter())
    handler.addFilter(lambda entry: entry.levelno < logging.ERROR and ClaimSweep.claimed is None)
    logger.addHandler(handler)
    level, logger.propagate = logger.level, False
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = True


def _say(text: str) -> None:
    sys.stdout.write(f"{printable(text)}\n")
    sys.stdout.flush()


def _complain(text: str, error: BaseException, full: bool) -> None:
    if full:
        sys.stderr.write(printable("".join(traceback.format_exception(error))))
    sys.stderr.write(f"{printable(text)}\n")

"""Run the command line's request, and return an exit status."""

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
from nnpipe.app.sweep import FORMER, PLACE, SINCE, ClaimSweep, SweepRefused, with_former_defaults
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

# The error of a single run. If it left the task function, Hydra would print its own report.
_failures: list[Exception] = []


def main(arguments: Sequence[str] | None = None, resuming: Folder | None = None) -> int:
    """Run the command line's request and return the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Replaces the typed arguments.
    resuming : Folder, optional
        The folder of a sweep to resume.
    """
    if arguments is not None:
        sys.argv[1:] = arguments
    full = os.environ.get("HYDRA_FULL_ERROR") == "1"
    # Otherwise Hydra prints its own report and ends the process with status 1.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    ClaimSweep.forget(resuming)
    with _console(), terminable(), installed_modules():
        status = _attempt(full)
        if ClaimSweep.claimed is not None:
            status = _finish(ClaimSweep.claimed, status, full)
        if ClaimSweep.lock is not None:
            ClaimSweep.lock.close()
    if not full:
        del os.environ["HYDRA_FULL_ERROR"]
    return status


def _attempt(full: bool) -> int:
    """Launch the run or sweep, report its error if there is one, and return the exit status."""
    try:
        _launch()
        if _failures:
            raise _failures.pop()
    except KeyboardInterrupt as error:
        terminated = isinstance(error, Terminated)
        _complain("terminated" if terminated else "interrupted", error, full)
        return TERMINATED if terminated else INTERRUPTED
    except Refusal as error:
        _complain(explain(error), error, full)
        return BAD_REQUEST
    except (NnpipeError, SweepRefused) as error:
        reason = error.reason if isinstance(error, SweepRefused) else error
        _complain(str(reason), reason, full)
        return FAILED if isinstance(reason, RunFailed) else BAD_REQUEST
    except BrokenExecutor as error:
        problem = (
            "hydra/launcher: its processes are killed before any job ends; "
            "expected them to live as long as the sweep. Continue it with nnpipe runs resume."
        )
        _complain(problem, error, full)
        return FAILED
    except Exception as error:
        sweep, own = ClaimSweep.claimed, ClaimSweep.own
        # The sweep's table shows the status of a job that died.
        if sweep is None or own is None or not wait_for_others(sweep, own, error):
            _complain(one_line(error), error, full)
        return FAILED
    return 0


def _finish(sweep: Folder, status: int, full: bool) -> int:
    """Write a sweep's table and manifest, and return the exit status."""
    interrupted = status >= INTERRUPTED
    try:
        ClaimSweep.mark_killed()
        cancel = cancel_line(sweep.path) if interrupted else None
        if cancel is not None:
            _say(f"Slurm jobs may still run; to end them: {cancel}")
        text, complete = finish_sweep(sweep, interrupted=interrupted, illustrate=illustrate_sweep)
    except (NnpipeError, OSError) as error:
        text, complete = "", False
        if status not in (FAILED, BAD_REQUEST):  # otherwise the cause is already reported
            _complain(f"{sweep.path}: no manifest: {one_line(error)}", error, full)
    _say(text)
    if complete:
        sweep.remove(OWN)
    return status or (0 if complete else FAILED)


def _launch() -> None:
    """Let Hydra run the request, and launch the remaining jobs again if joblib gave up."""
    while True:
        try:
            with composed_once(sys.argv[1:]):
                hydra.main(
                    version_base=VERSION_BASE, config_path=str(conf_folder()), config_name="config"
                )(start)()
            return
        except BrokenExecutor:
            # If one of joblib's processes is killed, joblib kills the others too.
            if not ClaimSweep.can_go_on():
                raise


def start(config: DictConfig) -> float | None:
    """Run one composed config, and return the metric if it is a job of a sweep."""
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
        return _run_job(context, given, overrides, output_of(given).metric)
    except (NnpipeError, OSError) as error:
        # Hydra would print its own line for any Exception that leaves a job.
        if isinstance(error, OSError):
            error = RunFailed(Path(context.job.env_set[PLACE]), one_line(error))
        raise SweepRefused(error) from error


def _run_job(
    context: HydraConf, given: dict[str, Any], overrides: list[str], metric: str | None
) -> float | None:
    """Run a job of a sweep, unless it is done, and return its metric."""
    environment = context.job.env_set
    if FORMER in environment:
        given = with_former_defaults(given)
    with ExitStack() as stack:
        sweep = stack.enter_context(_sweep(Path(environment[PLACE])))
        folder = stack.enter_context(job_of(sweep, job_folder(context.job.num)))
        if not begin_job(folder, overrides, environment.get(SINCE)):
            return metric_of(folder.path, metric)
        if "joblib" in str(context.launcher._target_):
            # Joblib ends all its processes when one dies, so the job runs in a child of its own.
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
    """Yield the folder of a job's sweep, opened here if another process claimed it."""
    if ClaimSweep.claimed is not None:
        yield ClaimSweep.claimed
        return
    with Folder.open(place.parent, follow=True) as versions, versions.inside(place.name) as sweep:
        yield sweep


def _job(folder: Folder, given: dict[str, Any], overrides: list[str]) -> None:
    """Run a job of a sweep on this process's share of the cores."""
    try:
        # Submitit ignores SIGTERM, which Slurm sends shortly before it kills a job.
        with terminable(), threadpool_limits(cores()):
            run(given, overrides=overrides, folder=folder).close()
    except RunFailed:
        pass  # the manifest says why, and the other jobs continue
    except NnpipeError as error:
        record = Record(folder)
        record.write_config(given, overrides)
        record.seal("failed", one_line(error))


@contextmanager
def _console() -> Generator[None]:
    """Write a single run's log to standard output, without errors, which `main` reports."""
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

"""A Dask cluster: workers in processes on this machine, in Slurm jobs, or already there.

Whoever reaches a scheduler or a worker can have it run code. So those that are started here talk
to each other with certificates that nobody else has, and serve no pages.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from asyncio import run, wait_for
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from typing import Any, TypeVar

from nnpipe.engines.dask import CLUSTERS, DaskOptions
from nnpipe.errors import RunError
from nnpipe.system.cores import cores

logger = logging.getLogger("nnpipe")

Item = TypeVar("Item")
Result = TypeVar("Result")

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# A port is opened for pages in any case, so on this machine alone, and any that is free.
_NO_PAGES = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
_WORKER_NO_PAGES = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
_WORKER_NO_ROUTES = "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'"

ANSWER = 5.0
"""Seconds in which a scheduler must answer."""

DEATHS = 3
"""How many workers a task may kill before it is given up."""


def find_missing(options: DaskOptions) -> list[str]:
    """Return what has to be installed for a cluster, one line each."""
    # cryptography makes the certificates of a cluster that is started here.
    wanted = {
        "local": ("distributed", "cryptography"),
        "slurm": ("distributed", "dask_jobqueue", "cryptography"),
    }.get(options.cluster, ("distributed",))
    return [
        f"engine.kind: 'dask' needs {name}, which is not installed. Run pip install 'nnpipe[dask]'."
        for name in wanted
        if find_spec(name) is None
    ]


def find_silence(options: DaskOptions) -> list[str]:
    """Return what is wrong with a scheduler's address, in one line.

    They check that a Dask scheduler answers at it.
    """
    if options.cluster in CLUSTERS:
        return []
    core = _library("distributed.core")

    async def ask() -> Any:
        async with core.rpc(options.cluster, timeout=ANSWER) as peer:
            return await wait_for(peer.identity(), ANSWER)

    # A notebook has a loop in this thread already.
    with ThreadPoolExecutor(1) as thread:
        try:
            found = thread.submit(run, ask()).result()["type"]
        except OSError:
            found = f"nothing in {ANSWER:.0f} s"
        except Exception:  # a stranger may answer anything
            found = "something else"
    if found == "Scheduler":
        return []
    return [
        f"engine.cluster: no Dask scheduler answers at {options.cluster}; found {found}. "
        "Start one with dask scheduler, or set another address."
    ]


@contextmanager
def open_cluster(options: DaskOptions, name: str) -> Generator[Any]:
    """Yield a client of the cluster that a config describes; a cluster that was started ends.

    Parameters
    ----------
    options : DaskOptions
        Which cluster, how many workers, and their memory.
    name : str
        Of the jobs, where the workers are Slurm jobs.

    Yields
    ------
    distributed.Client
    """
    dask, distributed = _library("dask"), _library("distributed")
    settings: dict[str, Any] = {
        "distributed.scheduler.allowed-failures": DEATHS - 1,
        # A task that waits on a worker would be counted as one that killed it.
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.comm.timeouts.connect": "30s",
        # Dask's own choice also has every batch's memory given back to the system, and taken anew.
        "distributed.nanny.pre-spawn-environ": dict.fromkeys(_ONE_THREAD, 1),
        # Pages have no certificate: every user of the machine could read them.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with (
        dask.config.set(settings),
        _cluster(options, name) as cluster,
        distributed.Client(cluster, timeout="30s", set_as_default=False) as client,
    ):
        there = options.cluster not in CLUSTERS
        if there and find_spec("bokeh") is not None and client.dashboard_link:
            logger.info("dashboard  %s", client.dashboard_link)
        if not client.nthreads():
            logger.info("workers    none yet; waiting for the first")
        client.wait_for_workers(1)
        yield client


@contextmanager
def _cluster(options: DaskOptions, name: str) -> Generator[Any]:
    # A worker infers one shard at a time, with so many threads.
    threads = options.threads or 1
    if options.cluster == "local":
        with _library("distributed").LocalCluster(
            n_workers=options.workers or max(1, cores() // threads),
            threads_per_worker=1,
            processes=True,
            memory_limit=options.memory or "auto",
            host="127.0.0.1",
            security=_library("distributed.security").Security.temporary(),
            scheduler_kwargs=_NO_PAGES,
            silence_logs=logging.CRITICAL,
        ) as cluster:
            yield cluster
    elif options.cluster == "slurm":
        workers = options.workers or 1
        # sbatch reads the name from a line of the script.
        name = re.sub(r"[^\w.-]", "-", name, flags=re.ASCII)
        with (
            _private_folder() as folder,
            _library("dask_jobqueue").SLURMCluster(
                queue=options.partition,
                cores=1,
                processes=1,
                job_cpu=threads,
                memory=options.memory or "4GiB",
                walltime=options.walltime or "01:00:00",
                job_name=name,
                job_script_prologue=_own("job-script-prologue", _WORKER_NO_ROUTES),
                worker_extra_args=_own("worker-extra-args", *_WORKER_NO_PAGES),
                security=_library("distributed.security").Security.temporary(),
                shared_temp_directory=folder,
                scheduler_options=_NO_PAGES,
                silence_logs=logging.CRITICAL,
            ) as cluster,
        ):
            # The jobs outlive a parent that is killed, until its silence is noticed.
            logger.info("workers    Slurm jobs; to end them by hand: scancel --name=%s", name)
            # A job that ends before its time is replaced.
            adaptive = cluster.adapt(minimum_jobs=workers, maximum_jobs=workers)
            try:
                yield cluster
            finally:
                # Or the workers that end now would be replaced too.
                adaptive.stop()
                for name in ("ca_file", "cert", "key"):
                    getattr(cluster, f"_job_{name}").close()  # before its folder goes
    else:
        yield options.cluster


@contextmanager
def _private_folder() -> Generator[str]:
    """Yield a folder for certificates, which the nodes of Slurm see and other users do not.

    It is made in the user's home, or where ~/.config/dask says. In the line that starts a worker
    it stands without quotes, so a home is written as ~.
    """
    shared = _library("dask").config.get("jobqueue.slurm.shared-temp-directory", None) or "~"
    with tempfile.TemporaryDirectory(
        prefix=".nnpipe-dask-", dir=os.path.expanduser(os.path.expandvars(shared))
    ) as folder:
        yield os.path.join(shared, os.path.basename(folder))


def _own(key: str, *more: str) -> list[str]:
    """Return a list of the user's own ~/.config/dask/jobqueue.yaml, and more."""
    own: Any = _library("dask").config.get(f"jobqueue.slurm.{key}", None)
    return [*(own or ()), *more]


def complete(
    client: Any, function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Call a function for every item on the cluster; yield items and results as they end.

    A worker has as many tasks as threads, the rest wait here. When a worker dies, its task is
    begun again on another.

    Raises
    ------
    RunError
        If an item has killed `DEATHS` workers, or if the scheduler has ended.
    """
    distributed = _library("distributed")
    waiting, running = iter(items), dict[Any, Item]()
    ended = distributed.as_completed(loop=client.loop)

    def submit() -> None:
        room = max(1, sum(client.nthreads().values())) - len(running)
        for item in islice(waiting, max(0, room)):
            future = client.submit(function, item, pure=False)
            running[future] = item
            ended.add(future)

    submit()
    for future in ended:
        item = running.pop(future)
        try:
            yield item, future.result()
        except distributed.KilledWorker:
            problem = (
                f"{item} killed {DEATHS} workers; expected one to live through it. "
                "Give the workers more memory (engine.memory), or look at their logs."
            )
            raise RunError(problem) from None
        except CancelledError as error:
            problem = "engine.cluster: the connection to the scheduler was lost. Start it again."
            raise RunError(problem) from error
        submit()


def _library(name: str) -> Any:
    return import_module(name)

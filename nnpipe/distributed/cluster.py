"""A Dask cluster: local worker processes, Slurm jobs, or a cluster that already runs.

Whoever can connect to a scheduler or a worker can make it run code. A cluster that is started here
therefore communicates over TLS, with certificates that nobody else has, and serves no pages.
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

# Dask opens a port for pages in any case; this makes it a free one, on this machine only.
_NO_PAGES = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
_WORKER_NO_PAGES = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")
_WORKER_NO_ROUTES = "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'"

TIMEOUT = 5.0
"""Seconds within which a scheduler must answer."""

DEATHS = 3
"""Number of workers that a task kills before it is abandoned."""


def find_missing(options: DaskOptions) -> list[str]:
    """Return one line for each missing package that the cluster needs."""
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
    """Check that a Dask scheduler answers at the address; return the problem, if any."""
    if options.cluster in CLUSTERS:
        return []
    core = _library("distributed.core")

    async def ask() -> Any:
        async with core.rpc(options.cluster, timeout=TIMEOUT) as peer:
            return await wait_for(peer.identity(), TIMEOUT)

    # A notebook already runs an event loop in this thread.
    with ThreadPoolExecutor(1) as thread:
        try:
            found = thread.submit(run, ask()).result()["type"]
        except OSError:
            found = f"nothing in {TIMEOUT:.0f} s"
        except Exception:  # another server may send anything
            found = "something else"
    if found == "Scheduler":
        return []
    return [
        f"engine.cluster: no Dask scheduler answers at {options.cluster}; found {found}. "
        "Start one with dask scheduler, or set another address."
    ]


@contextmanager
def open_cluster(options: DaskOptions, name: str) -> Generator[Any]:
    """Yield a client of the cluster that a config describes; stop a cluster that was started here.

    Parameters
    ----------
    options : DaskOptions
        Which cluster, how many workers, and their memory.
    name : str
        The name of the Slurm jobs, if the workers are Slurm jobs.

    Yields
    ------
    distributed.Client
    """
    dask, distributed = _library("dask"), _library("distributed")
    settings: dict[str, Any] = {
        "distributed.scheduler.allowed-failures": DEATHS - 1,
        # Dask would blame a worker's death on the tasks that wait there too.
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.comm.timeouts.connect": "30s",
        # Dask's default also makes malloc return every batch's memory to the system.
        "distributed.nanny.pre-spawn-environ": dict.fromkeys(_ONE_THREAD, 1),
        # Pages are served without TLS: every user of the machine could read them.
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
    # A worker infers one shard at a time, with this many threads.
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
        # The name becomes part of a line of the sbatch script.
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
            # If this process is killed, its jobs run on until they notice.
            logger.info("workers    Slurm jobs; to end them by hand: scancel --name=%s", name)
            # Dask replaces a job that ends early.
            adaptive = cluster.adapt(minimum_jobs=workers, maximum_jobs=workers)
            try:
                yield cluster
            finally:
                # Otherwise Dask would replace the workers that end now.
                adaptive.stop()
                for name in ("ca_file", "cert", "key"):
                    getattr(cluster, f"_job_{name}").close()  # before its folder goes
    else:
        yield options.cluster


@contextmanager
def _private_folder() -> Generator[str]:
    """Yield a folder for certificates, which Slurm's nodes can read and other users cannot.

    It is made in the user's home, or in the folder that ~/.config/dask names. The command that
    starts a worker contains its path without quotes, so the home is written as ~.
    """
    shared = _library("dask").config.get("jobqueue.slurm.shared-temp-directory", None) or "~"
    with tempfile.TemporaryDirectory(
        prefix=".nnpipe-dask-", dir=os.path.expanduser(os.path.expandvars(shared))
    ) as folder:
        yield os.path.join(shared, os.path.basename(folder))


def _own(key: str, *more: str) -> list[str]:
    """Return a list from the user's ~/.config/dask/jobqueue.yaml, extended by `more`."""
    own: Any = _library("dask").config.get(f"jobqueue.slurm.{key}", None)
    return [*(own or ()), *more]


def complete(
    client: Any, function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Call a function for every item on the cluster; yield items and results as they finish.

    A worker gets as many tasks as it has threads; the others wait here. If a worker dies, its task
    starts again on another one.

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
                f"{item} killed {DEATHS} workers; expected one to finish it. "
                "Give the workers more memory (engine.memory), or look at their logs."
            )
            raise RunError(problem) from None
        except CancelledError as error:
            problem = "engine.cluster: the connection to the scheduler was lost. Start it again."
            raise RunError(problem) from error
        submit()


def _library(name: str) -> Any:
    return import_module(name)

"""Count the cores that the machine, the cluster and the launcher give to this process."""

from __future__ import annotations

import os
from contextlib import suppress

SHARES = ("SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS")
"""Environment variables in which Slurm, joblib and Dask give a process its number of cores."""


def cores() -> int:
    """Return how many threads this process may keep busy, at least 1.

    This is the minimum of the cores that the system schedules it on and the values of `SHARES`.
    """
    try:
        least = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        least = os.cpu_count() or 1
    for name in SHARES:
        with suppress(KeyError, ValueError):
            least = min(least, int(os.environ[name]))
    return max(1, least)

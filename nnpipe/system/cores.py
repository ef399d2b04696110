"""How many cores this process may use: what the machine, the cluster and the launcher leave it."""

from __future__ import annotations

import os
from contextlib import suppress

SHARES = ("SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS")
"""Environment variables by which Slurm, and joblib and Dask, tell a process its share."""


def cores() -> int:
    """Return how many threads this process may keep busy, 1 at least.

    The least of the cores that the system schedules it on and what each of `SHARES` says.
    """
    try:
        least = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        least = os.cpu_count() or 1
    for name in SHARES:
        with suppress(KeyError, ValueError):
            least = min(least, int(os.environ[name]))
    return max(1, least)

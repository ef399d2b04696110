"""Share work among the cores: the calling thread works too, and what goes wrong arrives in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import TypeVar

from nnpipe.system.cores import cores

Item = TypeVar("Item")


def share(work: Callable[[Item], None], items: Iterable[Item], threads: int) -> None:
    """Do the work for every item, in the calling thread and in others beside it.

    Each thread takes the next item when it is done with one, in a copy of the caller's context,
    which holds what NumPy 2 is told to ignore. When one raises, or when the caller is interrupted,
    no further item is begun, and the error leaves once no thread works any more.

    >>> done = []
    >>> share(done.append, range(5), threads=2)
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """
    waiting = list(items)
    # Taking the next of a list's iterator is one step, which threads cannot come between.
    following = iter(waiting)

    def take() -> None:
        try:
            for item in following:
                work(item)
        finally:
            for _ in following:
                pass

    beside = min(threads, len(waiting)) - 1
    helpers = [_pool().submit(copy_context().run, take) for _ in range(beside)]
    try:
        take()
    finally:
        # One that has not begun would find nothing to do.
        begun = [helper for helper in helpers if not helper.cancel()]
        errors = [error for error in (helper.exception() for helper in begun) if error]
    if errors:
        raise errors[0]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="nnpipe")


# A child process has the pool, and none of its threads.
os.register_at_fork(after_in_child=_pool.cache_clear)

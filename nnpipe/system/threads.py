"""Share work among cores: the calling thread takes part, and receives the errors of all."""

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
    """Do the work for every item, in the calling thread and in others.

    Each thread takes the next item whenever it has finished one. It runs in a copy of the caller's
    context, which holds NumPy 2's error settings. If one raises, or if the caller is interrupted,
    no further item is started, and the error is raised once all threads have stopped.

    >>> done = []
    >>> share(done.append, range(5), threads=2)
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """
    waiting = list(items)
    # `next` on a list iterator is atomic, so threads can share it.
    following = iter(waiting)

    def take() -> None:
        try:
            for item in following:
                work(item)
        finally:
            for _ in following:
                pass

    others = min(threads, len(waiting)) - 1
    helpers = [_pool().submit(copy_context().run, take) for _ in range(others)]
    try:
        take()
    finally:
        # A helper that has not started would find no items left.
        begun = [helper for helper in helpers if not helper.cancel()]
        errors = [error for error in (helper.exception() for helper in begun) if error]
    if errors:
        raise errors[0]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="nnpipe")


# A forked child inherits the pool object without its threads.
os.register_at_fork(after_in_child=_pool.cache_clear)

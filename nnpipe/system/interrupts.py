"""Run a function in a thread of its own, so that an interrupt cannot get lost inside it.

Python raises an interrupt in the main thread, wherever that thread is. Inside a callback from C,
such as HDF5's to a file object or ctypes' to a function, the exception cannot propagate and is
lost. Other threads receive no interrupts: the main thread waits for the function, and is
interrupted while it waits.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def run_uninterrupted(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Wrap a function to run in another thread while its caller waits.

    If the caller is interrupted, the function still finishes first.

    >>> run_uninterrupted(sum)([1, 2, 3])
    6
    """

    @wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with ThreadPoolExecutor(1, "nnpipe-uninterrupted") as thread:
            return thread.submit(function, *args, **kwargs).result()

    return run

"""Do in a thread of its own what an interrupt must not come into.

Python hands an interrupt to the main thread, wherever that is. Inside a callback out of C, such as
HDF5's to a file object or ctypes' to a function, the exception has nowhere to go and is lost. In
another thread no interrupt arrives; the main thread waits for it, and is interrupted there.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def run_uninterrupted(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return the function so that it runs in another thread while its caller waits.

    When the caller is interrupted the function still ends what it has begun.

    >>> run_uninterrupted(sum)([1, 2, 3])
    6
    """

    @wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with ThreadPoolExecutor(1, "nnpipe-uninterrupted") as thread:
            return thread.submit(function, *args, **kwargs).result()

    return run

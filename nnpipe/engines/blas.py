"""Limit BLAS to one thread while several threads multiply tiles."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from types import TracebackType
from typing import Any

from threadpoolctl import ThreadpoolController

from nnpipe.system.interrupts import run_uninterrupted


class OneThread:
    """A context manager in which BLAS uses one thread. Several threads may enter it together.

    The setting belongs to the whole process. The first thread to enter makes it, and the last
    thread to leave restores the old one.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._before: list[tuple[Callable[[int], None], int]] = []

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = []
                for get_threads, set_threads in _libraries():
                    threads = get_threads()
                    if threads != 1:
                        self._before.append((set_threads, threads))
                        set_threads(1)
            self._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                for set_threads, threads in self._before:
                    set_threads(threads)


@cache
def _libraries() -> list[tuple[Callable[[], int], Callable[[int], None]]]:
    # A callback from C lists the libraries, and an interrupt would be lost in it.
    controller = run_uninterrupted(ThreadpoolController)()
    found: list[Any] = controller.lib_controllers  # pyright: ignore[reportUnknownVariableType]
    return [
        (
            _direct(library, "get") or library.get_num_threads,
            _direct(library, "set") or library.set_num_threads,
        )
        for library in found
        if library.user_api == "blas"
    ]


def _direct(library: Any, verb: str) -> Callable[..., Any] | None:
    """Return OpenBLAS's own function, whose call takes a fifth of the time.

    A microsecond matters when one sample takes ten.
    """
    if library.internal_api != "openblas":
        return None
    names = (
        f"{prefix}openblas_{verb}_num_threads{suffix}"
        for prefix in ("", "scipy_")
        for suffix in ("", "64_", "_64")
    )
    return next((f for name in names if (f := getattr(library.dynlib, name, None))), None)


one_thread = OneThread()

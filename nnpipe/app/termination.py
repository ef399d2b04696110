"""End the process on SIGTERM, with a manifest if the main thread reacts in time.

Python runs a signal handler when the main thread returns from C code. A C library that reads a
hostile file may never return. So a second thread, which sees the signal at once, ends the process
if the main thread does not react within a grace period.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType

TERMINATED = 143
GRACE = 10.0
"""Seconds that the main thread has to react to the signal."""


class Terminated(KeyboardInterrupt):
    """The process received SIGTERM, which a cluster sends before it takes a machine away."""


@contextmanager
def terminable(grace: float = GRACE) -> Generator[None]:
    """Raise `Terminated` in the main thread on SIGTERM, or end the process after a while.

    Parameters
    ----------
    grace : float
        Seconds after which the process ends if the main thread does not react.
    """
    heard = Event()

    def terminate(number: int, frame: FrameType | None) -> None:
        heard.set()
        problem = "terminated by SIGTERM"
        raise Terminated(problem)

    receive, send = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    watch = Thread(target=_watch, args=(receive, heard, grace), daemon=True)
    watch.start()
    before = signal.signal(signal.SIGTERM, terminate)
    further = signal.set_wakeup_fd(send, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(further)
        signal.signal(signal.SIGTERM, before)
        os.close(send)
        heard.set()
        watch.join()
        os.close(receive)


def _watch(receive: int, heard: Event, grace: float) -> None:
    """Read signal numbers until the writing end of the pipe is closed."""
    while True:
        select.select([receive], [], [])
        numbers = os.read(receive, 64)
        if not numbers:
            return
        if signal.SIGTERM in numbers and not heard.wait(grace):
            os._exit(TERMINATED)

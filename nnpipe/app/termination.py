"""End on SIGTERM: with a manifest that says so where Python hears of it, and in any case soon.

Python hands a signal to the main thread once that is out of C. A library that reads a hostile file
may never come back, so another thread, which hears of the signal at once, waits for that only so
long.
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
"""Seconds for which a signal may wait for the main thread."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM, as a cluster does before it takes a machine."""


@contextmanager
def terminable(grace: float = GRACE) -> Generator[None]:
    """Raise `Terminated` where SIGTERM finds the main thread; end the process if it finds none.

    Parameters
    ----------
    grace : float
        Seconds after which the process is ended.
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
    """Read the numbers of signals until nobody is left to write them."""
    while True:
        select.select([receive], [], [])
        numbers = os.read(receive, 64)
        if not numbers:
            return
        if signal.SIGTERM in numbers and not heard.wait(grace):
            os._exit(TERMINATED)

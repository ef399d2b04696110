"""Call a function in a process of its own, so that what kills it takes nothing else with it."""

from __future__ import annotations

import _thread
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from types import FrameType
from typing import Any

MOMENT = 0.5
"""Seconds after which a process whose child was killed knows that it was not to be killed too."""

PATIENCE = 30.0
"""Seconds in which a process whose parent was killed says what it still has to say."""


def in_subprocess(function: Callable[..., None], *arguments: Any) -> str | None:
    """Call the function in a forked process and wait for it.

    Returns
    -------
    str or None
        What ended the process, as the reason of an interruption; None where it ended by itself.
    """
    process = multiprocessing.get_context("fork").Process(target=_call, args=(function, *arguments))
    process.start()
    process.join()
    code = process.exitcode or 0
    if code != 0:
        time.sleep(MOMENT)
    if code >= 0:
        return None if code == 0 else f"its process ended with the exit status {code}"
    return f"killed by {signal.Signals(-code).name}"


def _call(function: Callable[..., None], *arguments: Any) -> None:
    signal.signal(signal.SIGHUP, _hang_up)
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        function(*arguments)
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)  # the parent was interrupted too, and says so


def _follow_parent() -> None:
    """Interrupt this process when its parent has ended, which nobody would then wait for."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        _thread.interrupt_main(signal.SIGHUP)
        time.sleep(PATIENCE)
        os._exit(1)


def _hang_up(number: int, frame: FrameType | None) -> None:
    problem = "the process that began it was killed"
    raise KeyboardInterrupt(problem)

"""Call a function in a process of its own, so that a kill ends nothing else."""

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
"""Seconds to wait after a child was killed, in case the kill was meant for this process too."""

PATIENCE = 30.0
"""Seconds that a process whose parent was killed has to finish its records."""


def in_subprocess(function: Callable[..., None], *arguments: Any) -> str | None:
    """Call the function in a forked process and wait for it.

    Returns
    -------
    str or None
        What ended the process, as the reason for an interruption; None if it ended normally.
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
        os._exit(128 + signal.SIGINT)  # the parent was interrupted too, and reports it


def _follow_parent() -> None:
    """Interrupt this process when its parent has ended and nobody waits for it any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        _thread.interrupt_main(signal.SIGHUP)
        time.sleep(PATIENCE)
        os._exit(1)


def _hang_up(number: int, frame: FrameType | None) -> None:
    problem = "the process that started it was killed"
    raise KeyboardInterrupt(problem)

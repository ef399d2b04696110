"""Call a function in a process of its own, so that what kills it takes nothing else with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any


def apart(function: Callable[..., None], *arguments: Any) -> str | None:
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
    if code >= 0:
        return None if code == 0 else f"its process ended with the exit status {code}"
    return f"killed by {signal.Signals(-code).name}"


def _call(function: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        function(*arguments)
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)  # the parent was interrupted too, and says so


def _follow_parent() -> None:
    """End this process when its parent has ended, which nobody would then wait for."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)

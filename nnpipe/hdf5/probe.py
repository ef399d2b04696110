"""Try an operation in a forked child under limits, since a file may crash the HDF5 library.

No check can prevent a crash inside the library that makes the check. A crash ends the child instead
of the program.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from nnpipe.errors import DataError, NnpipeError
from nnpipe.system.files import reason

MEMORY = 224 << 20
"""Bytes that a child may allocate on top of what it inherits: three times a chunk, and some."""

CPU_SECONDS = 3
WALL_SECONDS = 60.0

_in_child = False


def probe(call: Callable[[], object], what: str) -> None:
    """Call a function in a forked child, and raise the child's errors here.

    Parameters
    ----------
    call : callable
        Called for its errors only; the result is discarded.
    what : str
        What is read, as the beginning of every message: a config key and a file.

    Raises
    ------
    DataError
        With the child's own message, or with the cause of its death.
    """
    if _in_child:
        call()
        return
    receive, send = os.pipe()
    with warnings.catch_warnings():
        # Python warns about a fork in a process with threads. The child takes no locks but h5py's
        # and the allocator's, and both are consistent after a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(receive)
        _run_child(call, what, send)
    os.close(send)
    try:
        message = _receive(receive)
    finally:
        os.close(receive)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    if message is None:
        problem = (
            f"{what} keeps HDF5 waiting for more than {WALL_SECONDS:.0f} s. "
            "Copy it to a local disk."
        )
        raise DataError(problem)
    if message == b"\n":
        return
    if not message:
        problem = f"{what} {_death(status)}. The file is damaged or malicious."
        raise DataError(problem)
    raise DataError(message.decode("utf-8", "replace").strip())


def _receive(receive: int) -> bytes | None:
    """Return what the child writes until it ends, or None after `WALL_SECONDS`."""
    end, message = time.monotonic() + WALL_SECONDS, b""
    while select.select([receive], [], [], max(0.0, end - time.monotonic()))[0]:
        block = os.read(receive, 1 << 16)
        if not block:
            return message
        message += block
    return None


def _death(status: int) -> str:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU:
        return f"keeps HDF5 busy for more than {CPU_SECONDS} s"
    name = signal.strsignal(number) if number else f"exit status {os.WEXITSTATUS(status)}"
    return f"crashes HDF5 ({name})"


def _run_child(call: Callable[[], object], what: str, send: int) -> NoReturn:
    """Call the function, send its error, and end without running the parent's cleanup."""
    global _in_child
    message, _in_child = "", True
    try:
        faulthandler.disable()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        # The parent may be killed before it ends its child.
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
        # HDF5 and the allocator print to stderr before they abort.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        _limit()
        call()
    except NnpipeError as error:
        message = str(error)
    except MemoryError:
        message = f"{what} needs more than {MEMORY >> 20} MiB of memory to open."
    except Exception as error:
        message = f"{what} cannot be read; HDF5 says: {reason(error)}."
    finally:
        with suppress(OSError):
            os.write(send, f"{message[:4096]}\n".encode("utf-8", "replace"))
        os._exit(0)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_CPU, CPU_SECONDS)
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY)


def _lower(limit: int, value: int) -> None:
    soft, hard = resource.getrlimit(limit)
    if soft == resource.RLIM_INFINITY or value < soft:
        resource.setrlimit(limit, (value, hard))

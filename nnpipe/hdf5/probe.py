"""Do a thing first in a forked child under limits, for a file that may crash the HDF5 library.

Checks cannot stop a crash inside the library that does the checking. What kills the child would
have killed the program.
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
"""How many bytes a child may take beside what it inherits: a chunk, three times, and some."""

CPU_SECONDS = 3
WALL_SECONDS = 60.0

_in_child = False


def probe(call: Callable[[], object], what: str) -> None:
    """Call a function in a forked child, and raise here what goes wrong with it there.

    Parameters
    ----------
    call : callable
        Is called for its errors alone.
    what : str
        What is read, with which messages begin: a config key and a file.

    Raises
    ------
    DataError
        The child's own, or one that says how the child died.
    """
    if _in_child:
        call()
        return
    receive, send = os.pipe()
    with warnings.catch_warnings():
        # Python warns of a fork beside threads. The child takes no locks but h5py's and the
        # allocator's, which both are in order after a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(receive)
        _play(call, what, send)
    os.close(send)
    try:
        said = _listen(receive)
    finally:
        os.close(receive)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    if said is None:
        problem = f"{what} keeps HDF5 waiting for more than {WALL_SECONDS:.0f} s. Copy it nearby."
        raise DataError(problem)
    if said == b"\n":
        return
    if not said:
        problem = f"{what} {_death(status)}. The file is damaged, or made to do harm."
        raise DataError(problem)
    raise DataError(said.decode("utf-8", "replace").strip())


def _listen(receive: int) -> bytes | None:
    """Return what the child says until it ends, or None if that takes too long."""
    end, said = time.monotonic() + WALL_SECONDS, b""
    while select.select([receive], [], [], max(0.0, end - time.monotonic()))[0]:
        piece = os.read(receive, 1 << 16)
        if not piece:
            return said
        said += piece
    return None


def _death(status: int) -> str:
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU:
        return f"keeps HDF5 busy for more than {CPU_SECONDS} s"
    name = signal.strsignal(number) if number else f"exit status {os.WEXITSTATUS(status)}"
    return f"crashes HDF5 ({name})"


def _play(call: Callable[[], object], what: str, send: int) -> NoReturn:
    """Be the child: call, say what went wrong, and end without touching what is the parent's."""
    global _in_child
    said, _in_child = "", True
    try:
        faulthandler.disable()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        # The parent may be killed before it ends its child.
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
        # The library and the allocator print their last words.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        _limit()
        call()
    except NnpipeError as error:
        said = str(error)
    except MemoryError:
        said = f"{what} asks for more than {MEMORY >> 20} MiB of memory to be looked at."
    except Exception as error:
        said = f"{what} cannot be read; HDF5 says: {reason(error)}."
    finally:
        with suppress(OSError):
            os.write(send, f"{said[:4096]}\n".encode("utf-8", "replace"))
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

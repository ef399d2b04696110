"""Run nnpipe's command line or a function once for each request, in a forked child under limits.

A request is a line of JSON on standard input: what to call, with what, and a folder. The answer is
a line of JSON: how the child ended, what it said on standard error, what it showed on standard
output, what the function returned, how long the processor worked and how much memory it and its own
children had at most. What the child leaves running is ended. The imports are paid for once.
"""

import contextlib
import ctypes
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import traceback

MEMORY = 1 << 30
MOST_SHOWN = 1 << 20


def serve():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    adopt = (
        36  # PR_SET_CHILD_SUBREAPER: what a child leaves running becomes a child of this process
    )
    ctypes.CDLL(None).prctl(adopt, 1, 0, 0, 0)
    import optuna  # noqa: F401
    import readings  # noqa: F401

    import nnpipe.app.main
    import nnpipe.app.resume
    import nnpipe.cli.commands
    import nnpipe.report.command
    import nnpipe.runs.store.parameters
    import nnpipe.sources.hdf5
    import nnpipe.sources.idx
    import nnpipe.sources.npy  # noqa: F401

    for line in sys.stdin:
        sys.stdout.write(json.dumps(attempt(**json.loads(line))) + "\n")
        sys.stdout.flush()


def attempt(call, given, arguments, folder, environment, seconds):
    with (
        tempfile.TemporaryFile() as said,
        tempfile.TemporaryFile() as shown,
        tempfile.TemporaryFile() as used,
    ):
        child = os.fork()
        if child == 0:
            os.environ |= environment
            play(call, given, arguments, folder, seconds, said, shown, used)
        _, status, own = os.wait4(child, 0)
        left = end_children()
        used.seek(0)
        answer, *peaks = json.loads(used.read() or b"[null, 0]")
        return {
            "status": os.waitstatus_to_exitcode(status),
            "said": text_of(said),
            "shown": text_of(shown),
            "seconds": own.ru_utime + own.ru_stime,
            "mebibytes": max(*peaks, own.ru_maxrss, left) / 1024,
            "answer": answer,
        }


def text_of(file):
    file.seek(0)
    return file.read(MOST_SHOWN).decode("utf-8", "backslashreplace")


def end_children():
    """End what a child has left running, and return the most memory that any of it had."""
    most = 0
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            children = [int(pid) for pid in file.read().split()]
        if not children:
            return most
        for child in children:
            os.kill(child, signal.SIGKILL)
            most = max(most, os.wait4(child, 0)[2].ru_maxrss)


def play(call, given, arguments, folder, seconds, said, shown, used):
    status, answer = 99, None
    try:
        # The time of the processor, and some more of the clock where others work on the machine.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(3 * seconds)
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(shown.fileno(), 1)
        os.dup2(said.fileno(), 2)
        sys.argv = ["nnpipe", *arguments]
        module, _, function = call.partition(":")
        answer = getattr(importlib.import_module(module), function)(**given)
        status = answer if isinstance(answer, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peaks = [resource.getrusage(who).ru_maxrss for who in whose]
        used.write(json.dumps([answer, *peaks]).encode())
        used.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()

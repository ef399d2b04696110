"""Run nnpipe's command line or a function once for each request, in a forked child under limits.

A request is a line of JSON on standard input: what to call, with what, and a folder. The answer is
a line of JSON: how the child ended, what it said on standard error, what the function returned, the
processor time and the greatest memory of it and its own children. The imports are paid for once.
"""

import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import traceback

MEMORY = 1 << 30
PATIENCE = 60  # of a child that waits; that of one that computes is in conftest.py


def serve():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import readings  # noqa: F401

    import nnpipe.app.main
    import nnpipe.commands
    import nnpipe.runs.parameters
    import nnpipe.sources.hdf5
    import nnpipe.sources.idx
    import nnpipe.sources.npy  # noqa: F401

    for line in sys.stdin:
        sys.stdout.write(json.dumps(attempt(**json.loads(line))) + "\n")
        sys.stdout.flush()


def attempt(call, given, arguments, folder):
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as used:
        child = os.fork()
        if child == 0:
            play(call, given, arguments, folder, said, used)
        _, status, spent = os.wait4(child, 0)
        said.seek(0)
        used.seek(0)
        answer, *peaks = json.loads(used.read() or b"[null, 0]")
        return {
            "status": os.waitstatus_to_exitcode(status),
            "said": said.read().decode("utf-8", "backslashreplace"),
            "seconds": spent.ru_utime + spent.ru_stime,
            "mebibytes": max(peaks) / 1024,
            "answer": answer,
        }


def play(call, given, arguments, folder, said, used):
    status, answer = 99, None
    try:
        signal.alarm(PATIENCE)
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(said.fileno(), 2)
        sys.argv = ["nnpipe", *arguments]
        module, _, function = call.partition(":")
        answer = getattr(importlib.import_module(module), function)(**given)
        status = answer if isinstance(answer, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peaks = [resource.getrusage(who).ru_maxrss for who in whose]
        used.write(json.dumps([answer, *peaks]).encode())
        used.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()

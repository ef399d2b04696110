"""Start programs that are being tested, and find their processes by the files they have open."""

from __future__ import annotations

import fnmatch
import io
import os
import signal
import subprocess
import sys
import time
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from unittest.mock import patch

import pytest

from nnpipe.runs.store.folder import Folder

RUN = (sys.executable, str(Path(__file__).parents[1] / "scripts" / "run.py"))
NNPIPE = (sys.executable, "-c", "import sys; from nnpipe.cli.main import main; sys.exit(main())")


def call(main, *arguments, folder, **environment):
    """Call the main function of a program in this process, as if it were started in a folder."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", [RUN[1]]),
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            status = main(list(arguments))
        except SystemExit as ended:
            status = ended.code or 0
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


@contextmanager
def programs(folder, **environment):
    """Yield a function that starts a command in a folder; what still runs at the end is killed."""
    started = []

    def start(*command):
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=hear_interrupts,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@contextmanager
def held(path):
    """Hold the lock on a file or a folder, as a process that goes on does."""
    with Folder.open(path.parent) as parent:
        if path.is_dir():
            with parent.inside(path.name) as folder, folder.hold():
                yield
        else:
            with parent.hold(path.name):
                yield


def holder(pattern, timeout=60):
    """Return the process that has a file of this name open, once there is one."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        for process in Path("/proc").glob("[0-9]*"):
            # It may end, or close a file, while it is looked at.
            with suppress(OSError):
                for link in (process / "fd").iterdir():
                    with suppress(OSError):
                        if fnmatch.fnmatchcase(str(link.readlink()), str(pattern)):
                            return int(process.name)
        time.sleep(0.02)
    pytest.fail(f"nobody has opened {pattern}")


def hear_interrupts():
    """Let a program that is about to start hear SIGINT, which one in the background does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(path, timeout=60):
    """Wait until a file is there."""
    end = time.monotonic() + timeout
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not come"
        time.sleep(0.02)


def parent(pid):
    """Return the parent of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid")))


def descendants(pid):
    """Return the children of a process, and theirs."""
    found = [pid]
    for process in found:
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found[1:]


def still_running(temporary):
    """Return what else runs, of this process's children and of what was given a temporary folder.

    Of the processes that a child leaves behind when it ends, the environment tells. Python's
    resource tracker, which ends with this process, does not count.
    """
    given = f"TMPDIR={temporary}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            started = given in (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if (
                (started or parent(process.name) == os.getpid())
                and int(process.name) != os.getpid()
                and "resource_tracker" not in command
                and _is_alive(process.name)
            ):
                found.append(f"{process.name} {command}")
    return found


def wait_until_gone(pids, timeout=30):
    """Wait until none of the processes is there any more; a zombie is not."""
    end = time.monotonic() + timeout
    while any(_is_alive(pid) for pid in pids):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.05)


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

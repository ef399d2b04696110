"""SIGTERM ends the process, also while a library does not come back."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, sys, time
from nnpipe.app.termination import Terminated, terminable
try:
    with terminable(grace=0.2):
        print("ready", flush=True)
        {wait}
except Terminated as error:
    print(error)
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("wait", "status", "said"),
    [
        ("time.sleep(600)", 7, "terminated by SIGTERM\n"),
        ("hashlib.pbkdf2_hmac('sha256', b'a', b'b', 2**31 - 1)", 143, ""),
    ],
)
def test_sigterm_ends_the_process_wherever_it_is(wait, status, said):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(wait=wait)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == said
    assert process.returncode == status


def test_signals_are_handled_as_before_afterwards():
    from nnpipe.app.termination import terminable

    before = signal.getsignal(signal.SIGTERM)
    with terminable():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.set_wakeup_fd(-1) == -1

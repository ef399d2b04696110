"""SIGTERM ends the process, also while a library does not come back."""

import signal
import subprocess
import sys

import pytest

# The other thread sends the signal once the main one, which then waits in C, lets it run. A signal
# just before the main thread falls asleep would not wake it: the state says when it sleeps.
PROGRAM = """
import hashlib, os, signal, sys, threading, time
from nnpipe.app.termination import Terminated, terminable
gate = threading.Lock()
gate.acquire()

def send():
    with gate:
        state = f"/proc/self/task/{{os.getpid()}}/stat"
        while {asleep} and os.path.exists(state) and " S " not in open(state).read():
            pass
        os.kill(os.getpid(), signal.SIGTERM)

try:
    with terminable(grace={grace}):
        threading.Thread(target=send, daemon=True).start()
        sys.setswitchinterval(600)
        gate.release()
        {wait}
except Terminated as error:
    print(error)
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("wait", "grace", "status", "said"),
    [
        ("time.sleep(600)", 60, 7, "terminated by SIGTERM\n"),
        ("hashlib.pbkdf2_hmac('sha256', b'a', b'b', 2**31 - 1)", 0.2, 143, ""),
    ],
)
def test_sigterm_ends_the_process_wherever_it_is(wait, grace, status, said):
    command = [sys.executable, "-c", PROGRAM.format(wait=wait, grace=grace, asleep="sleep" in wait)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (status, said)


def test_signals_are_handled_as_before_afterwards():
    from nnpipe.app.termination import terminable

    before = signal.getsignal(signal.SIGTERM)
    with terminable():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.set_wakeup_fd(-1) == -1

"""What still runs as the tests end is found, whoever started it."""

import os
import signal
import subprocess
import sys

from tests.conftest import TEMPORARY
from tests.processes import programs, still_running, wait_until_gone

WAIT = "import signal; signal.pause()"
LEAVE = f"""
import subprocess, sys
nowhere = subprocess.DEVNULL
left = subprocess.Popen([sys.executable, "-c", {WAIT!r}], stdout=nowhere, stderr=nowhere)
left.returncode = 0  # Python warns of what is left
print(left.pid)
"""


def is_found(pid):
    return any(line.startswith(f"{pid} ") for line in still_running(TEMPORARY))


def test_a_child_is_found_until_it_ends(tmp_path):
    with programs(tmp_path) as start:
        child = start(sys.executable, "-c", WAIT)
        assert is_found(child.pid)
    assert not is_found(child.pid)


def test_what_a_child_has_left_behind_is_found():
    done = subprocess.run(
        [sys.executable, "-c", LEAVE], capture_output=True, text=True, check=True, timeout=60
    )
    left = int(done.stdout)
    found = is_found(left)
    os.kill(left, signal.SIGKILL)
    wait_until_gone([left])
    assert found
    assert not is_found(left)

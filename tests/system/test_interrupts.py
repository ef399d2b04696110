"""An interrupt during writing arrives, although HDF5 calls back into Python while it writes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnpipe.system.interrupts import run_uninterrupted

# Interrupts at random moments while results are written. Python itself loses a few in a thousand:
# an exception in the callback of a weak reference is ignored, and one amid the steps of a lock
# becomes another. So each is sent again until it arrives, and what counts is how few need that.
INTERRUPTED = """
import random, signal, sys
from pathlib import Path
import numpy as np
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.results import ResultsWriter

class Interrupt(BaseException): ...

def interrupt(number, frame):
    global sent
    sent += 1
    raise Interrupt

signal.signal(signal.SIGALRM, interrupt)
random.seed(0)
rows = np.ones((64, 64))
folder = Folder.open(Path(sys.argv[1]))
arrived = at_once = 0
for trial in range(60):
    sent = 0
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0005, 0.02), 1)
        with ResultsWriter(folder, f"{trial}.h5", range(64_000_000)[:64_000]) as sink:
            sink.create("outputs", (64_000, 64), np.float64, ("sample", "neuron"), "Outputs")
            for start in range(0, 64_000, 64):
                sink.write("outputs", start, rows)
            while True:
                signal.pause()
    except BaseException as error:
        assert isinstance(error, Interrupt) or isinstance(error.__context__, Interrupt)
        arrived += 1
        at_once += sent == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
print(arrived, at_once, len(list(Path(sys.argv[1]).iterdir())))
"""


def test_a_function_done_aside_gives_its_result_and_its_error():
    assert run_uninterrupted(divmod)(7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        run_uninterrupted(divmod)(7, 0)


@pytest.mark.slow
def test_every_interrupt_while_results_are_written_arrives_and_leaves_no_file(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    arrived, at_once, files = map(int, done.stdout.split())
    assert (arrived, files) == (60, 0)
    assert at_once >= 55

"""An interrupt during writing arrives, although HDF5 calls back into Python while it writes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnpipe.aside import aside

# Interrupts at random moments while results are written: each must arrive, and none twice.
INTERRUPTED = """
import random, signal, sys
from pathlib import Path
import numpy as np
from nnpipe.runs.results import ResultsWriter

class Interrupt(BaseException): ...

def interrupt(number, frame):
    raise Interrupt

signal.signal(signal.SIGALRM, interrupt)
random.seed(0)
rows = np.ones((64, 64))
arrived = 0
for trial in range(60):
    path = Path(sys.argv[1]) / f"{trial}.h5"
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0005, 0.02))
        with ResultsWriter(path, range(64_000_000)[:64_000]) as sink:
            sink.create("outputs", (64_000, 64), np.float64, ("sample", "neuron"), "Outputs")
            for start in range(0, 64_000, 64):
                sink.write("outputs", start, rows)
            signal.pause()
    except Interrupt:
        arrived += 1
print(arrived, len(list(Path(sys.argv[1]).iterdir())))
"""


def test_a_function_done_aside_gives_its_result_and_its_error():
    assert aside(divmod)(7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        aside(divmod)(7, 0)


@pytest.mark.slow
def test_every_interrupt_while_results_are_written_arrives_and_leaves_no_file(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout) == (0, "60 0\n"), done.stderr

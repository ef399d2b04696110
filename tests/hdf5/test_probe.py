"""A forked child tries a file first: its errors, and its death, are raised here."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import nnpipe.hdf5.probe as probing
from nnpipe.errors import DataError
from nnpipe.hdf5.probe import probe


def refusal(call):
    with pytest.raises(DataError) as refused:
        probe(call, "input.path: a.h5")
    return str(refused.value)


def test_what_goes_well_says_nothing_and_happens_in_another_process(tmp_path):
    here = tmp_path / "pid"
    probe(lambda: here.write_text(str(os.getpid())), "input.path: a.h5")
    assert int(here.read_text()) != os.getpid()


def test_an_error_of_the_data_arrives_as_it_was():
    def refuse():
        problem = "input.path: a.h5 is cut short."
        raise DataError(problem)

    assert refusal(refuse) == "input.path: a.h5 is cut short."


def test_an_error_of_the_library_becomes_one_line():
    def fail():
        problem = "bad\nheap"
        raise RuntimeError(problem)

    assert refusal(fail) == "input.path: a.h5 cannot be read; HDF5 says: bad heap."


def test_a_crash_is_an_error():
    assert refusal(lambda: os.kill(os.getpid(), signal.SIGSEGV)) == (
        "input.path: a.h5 crashes HDF5 (Segmentation fault). The file is damaged or malicious."
    )


def test_too_much_memory_is_an_error():
    assert refusal(lambda: np.ones(1 << 30, np.uint8)) == (
        "input.path: a.h5 needs more than 224 MiB of memory to open."
    )


def test_a_busy_loop_ends(monkeypatch):
    monkeypatch.setattr(probing, "CPU_SECONDS", 1)

    def spin():
        while True:
            pass

    assert refusal(spin) == (
        "input.path: a.h5 keeps HDF5 busy for more than 1 s. The file is damaged or malicious."
    )


def test_waiting_for_ever_ends(monkeypatch):
    monkeypatch.setattr(probing, "WALL_SECONDS", 0.1)
    assert refusal(lambda: time.sleep(100)) == (
        "input.path: a.h5 keeps HDF5 waiting for more than 0 s. Copy it to a local disk."
    )


def test_a_rehearsal_within_a_rehearsal_forks_no_further(tmp_path):
    here = tmp_path / "pids"

    def outer():
        pid = os.getpid()
        probe(lambda: here.write_text(str(os.getpid() == pid)), "inner")

    probe(outer, "outer")
    assert here.read_text() == "True"


def test_other_threads_go_on(tmp_path):
    import h5py

    stop, path = threading.Event(), tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(1000)

    def work():
        with h5py.File(path, "r") as file:
            while not stop.is_set():
                _ = file["x"][:]

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            probe(lambda: h5py.File(path, "r")["x"][:], "input.path: a.h5")
    finally:
        stop.set()
        for thread in threads:
            thread.join()

"""A limit on memory takes threads away, refuses what cannot fit, and is kept by a real run."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.errors import ConfigError, RunFailed
from nnpipe.pipeline.load import read_config
from nnpipe.stages.memory import MIB, fitting_threads, needed, peak

NETWORK = nnpipe.build({"inputs": 784, "sizes": [512, 10]})


def options(**engine):
    return read_config({"engine": engine}).engine.options


def test_without_a_limit_every_thread_is_kept():
    assert fitting_threads(options(threads=7), NETWORK, ()) == 7


def test_threads_are_given_up_until_the_rest_fits():
    given = options(threads=8)
    limit = -(-needed(given, NETWORK, (), 3) // MIB) + 1
    assert fitting_threads(options(threads=8, memory_limit=limit), NETWORK, ()) == 3


def test_what_cannot_fit_is_refused_with_what_it_takes():
    with pytest.raises(
        ConfigError,
        match=r"^engine\.memory_limit: found 1 MiB; expected at least \d+ MiB, which one thread "
        r"needs for this network and this input\. Raise it, or set it to null\.$",
    ):
        fitting_threads(options(memory_limit=1), NETWORK, ())


def test_a_run_stays_within_its_limit_and_says_what_it_took(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.zeros((40_000, 784), np.float32)
    limit = peak() // MIB + 100
    given = {
        "input": {"kind": "hdf5", "path": str(tmp_path / "x.h5")},
        "output": {"root": str(tmp_path), "report": False},
        "engine": {"memory_limit": limit},
    }
    run = nnpipe.run(given)
    assert peak() <= limit * MIB
    assert f"limit {limit} MiB" in (run.path / "run.log").read_text()
    with pytest.raises(RunFailed, match=r"engine\.memory_limit: found 20 MiB"):
        nnpipe.run({**given, "engine": {"memory_limit": 20}})

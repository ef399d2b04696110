"""The fast engine: the same bits whoever works, no warning, and what goes wrong is heard.

Modules: engines/blas.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import nnpipe
from nnpipe.engines import fast
from nnpipe.engines.blas import one_thread
from nnpipe.engines.fast import FastEngine
from nnpipe.engines.tiles import tile_rows
from nnpipe.network.build import build
from nnpipe.system.threads import share
from tests.engines.test_engines import BOUNDS, oracle
from tests.strategies import ACTIVATION_NAMES, every_kind


def samples(rows, features, dtype="float32", seed=0):
    return np.random.default_rng(seed).standard_normal((rows, features)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 2, 64, 65, 1024, 5000])
def test_a_call_gives_the_formula_whatever_the_number_of_samples(rows, dtype):
    network = nnpipe.build({"inputs": 20, "sizes": [30, 20, 5]}, seed=1, dtype=dtype)
    x = samples(rows, 20, dtype)
    np.testing.assert_allclose(network(x), oracle(network, x), rtol=0, atol=BOUNDS[dtype])


@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@pytest.mark.parametrize("rows", [1, 3, 300])
def test_every_activation_is_executed_as_the_layers_have_it(activation, rows):
    network = nnpipe.build(
        {"inputs": 6, "sizes": [7, 5], "activation": activation}, dtype="float64"
    )
    x = samples(rows, 6, "float64")
    expected = network.layers[1](network.layers[0](x))
    np.testing.assert_allclose(network(x), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "activation",
    [
        {"kind": "leaky_relu", "slope": 0.3},
        {"kind": "elu", "alpha": 2.5},
        {"kind": "gelu", "approximate": "tanh"},
    ],
)
@pytest.mark.parametrize("rows", [1, 300])
def test_an_activation_is_executed_with_its_options(activation, rows):
    shape = {"inputs": 6, "sizes": [7, 5]}
    network = nnpipe.build({**shape, "activation": activation}, dtype="float64")
    plain = nnpipe.build({**shape, "activation": activation["kind"]}, dtype="float64")
    x = samples(rows, 6, "float64")
    expected = network.layers[1](network.layers[0](x))
    np.testing.assert_allclose(network(x), expected, rtol=1e-12, atol=1e-13)
    assert not np.allclose(network(x), plain(x))


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    network = nnpipe.build({"inputs": 800, "sizes": [700, 10]})
    x = samples(5000, 800)
    assert FastEngine(network).tile * network.parameter_count >= fast._LONG
    found = set()
    for cores in (1, 2, 3, 8):
        monkeypatch.setattr(fast, "cores", lambda cores=cores: cores)
        found.add(network(x).tobytes())
    assert len(found) == 1


def test_neither_threads_nor_batches_change_a_bit_of_any_kind_of_layer(monkeypatch):
    network = build(every_kind("sigmoid", width=40), 30, seed=0, dtype="float32")
    monkeypatch.setattr(fast, "_MANY", 1)
    monkeypatch.setattr(fast, "_LONG", 1)
    x, engine, found = samples(1000, 30), FastEngine(network, tile=64), set()
    for cores in (1, 2, 3, 8):
        monkeypatch.setattr(fast, "cores", lambda cores=cores: cores)
        found.add(engine(x).tobytes())
    for batch in (64, 192, 640):
        parts = [engine.forward(x[start : start + batch])[0] for start in range(0, 1000, batch)]
        found.add(np.concatenate(parts).tobytes())
    assert len(found) == 1


def test_whole_tiles_give_the_same_bits_apart_as_together():
    network = nnpipe.build({"inputs": 50, "sizes": [64, 10]})
    tile = tile_rows(network)
    x = samples(3 * tile + 100, 50)
    engine = FastEngine(network)
    whole, _ = engine.forward(x)
    apart = [engine.forward(x[rows])[0] for rows in (slice(0, 2 * tile), slice(2 * tile, None))]
    assert np.concatenate(apart).tobytes() == whole.tobytes()


def test_what_is_kept_changes_no_output():
    network = nnpipe.build({"inputs": 50, "sizes": [64, 32, 10]})
    x = samples(3000, 50)
    engine = FastEngine(network)
    plain, _ = engine.forward(x)
    outputs, kept = engine.forward(x, ["hidden1", "hidden2"])
    assert outputs.tobytes() == plain.tobytes()
    hidden = network.layers[0](x)
    np.testing.assert_allclose(kept["hidden1"], hidden, rtol=0, atol=2e-6)


def test_the_parameters_of_a_network_cannot_be_changed_under_it():
    network = nnpipe.build({"inputs": 4, "sizes": [3, 2]})
    with pytest.raises(ValueError, match="read-only"):
        network.layers[0].parameters[:] += 1
    other = network.with_arrays({name: array + 1 for name, array in network.arrays.items()})
    x = samples(10, 4)
    network(x)
    np.testing.assert_allclose(other(x), oracle(other, x), rtol=0, atol=2e-6)


def test_threads_that_call_one_network_do_not_meet():
    network = build(
        every_kind("sigmoid", width=40), 30, seed=0, dtype="float32", prepare=FastEngine
    )
    x = samples(200, 30)
    expected = [network(row) for row in x]
    with ThreadPoolExecutor(8) as pool:
        for found, row in zip(pool.map(network, x), expected, strict=True):
            np.testing.assert_array_equal(found, row)


@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@pytest.mark.parametrize("rows", [1, 10, 4000])
def test_infinities_and_nan_pass_without_a_warning(activation, rows):
    network = nnpipe.build({"inputs": 4, "sizes": [5, 3], "activation": activation})
    x = samples(rows, 4)
    x[0], x[-1, 1] = [np.inf, -np.inf, np.nan, 1e38], np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outputs = network(x)
    assert np.isnan(outputs[-1]).any() or activation in ("relu", "leaky_relu")
    clean = samples(rows, 4)
    np.testing.assert_array_equal(outputs[1:-1], network(clean)[1:-1])


def test_blas_gets_its_threads_back():
    def threads():
        # NumPy's own: other packages may have brought theirs since.
        blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
        own = [library for library in blas if "numpy" in library["filepath"]] or blas
        return [library["num_threads"] for library in own]

    before = threads()
    with one_thread:
        with one_thread:
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert threads() == before


def test_what_a_thread_raises_arrives_in_the_caller_once_all_have_stopped():
    begun, caller = threading.Barrier(2), threading.get_ident()
    done = []

    def work(item):
        if item < 2:
            begun.wait()
            if threading.get_ident() != caller:
                problem = "in a thread"
                raise ValueError(problem)
        done.append(item)

    with pytest.raises(ValueError, match="in a thread"):
        share(work, range(100_000), threads=2)
    count = len(done)
    assert count < 100_000
    assert len(done) == count


def test_a_forked_process_has_threads_of_its_own():
    network = nnpipe.build({"inputs": 20, "sizes": [30, 5]})
    x = samples(5000, 20)
    expected = network(x).tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os._exit(0 if network(x).tobytes() == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np, nnpipe
network = nnpipe.build({"inputs": 500, "sizes": [2000, 2000, 10]})
x = np.zeros((200_000, 500), np.float32)
threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        network(x)
except KeyboardInterrupt:
    sys.exit(7)
"""


@pytest.mark.slow
def test_an_interrupt_ends_a_call():
    found = subprocess.run([sys.executable, "-c", INTERRUPTED], timeout=30, check=False)
    assert found.returncode == 7

"""Sharded inference on Dask workers is bit-identical to one process, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from threading import Thread

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.app.main import main
from nnpipe.distributed import cluster
from tests.processes import (
    NNPIPE,
    RUN,
    descendants,
    holder,
    programs,
    wait_for,
    wait_until_gone,
)

pytest.importorskip("distributed", reason="needs nnpipe[dask]")

SHARD = 65_536
DASK = ("engine=dask", "engine.workers=2")
DASK_CLI = (sys.executable, "-m", "dask")
QUIET = ("--no-dashboard", "--scheduler-file")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Write an input of ten shards and a bit, with labels, and return it."""
    path = tmp_path_factory.mktemp("data") / "x.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "x") as file:
        x = rng.normal(size=(10 * SHARD + 1000, 4)).astype(np.float32)
        file.create_dataset("x", data=x, chunks=(1000, 4), compression="gzip")
        file.create_dataset("y", data=rng.integers(0, 4, len(x)))
    return path


@pytest.fixture
def request_of(data):
    return (
        *("input=hdf5", f"input.path={data}", "input.dataset=/x", "input.labels=/y"),
        *("architecture.sizes=[16,16,4]", "architecture.output_activation=softmax"),
        *("engine.batch_size=4096", "output.predictions=true", "output.activations=[hidden1]"),
        "input.normalize=standardize",
    )


@pytest.fixture
def slow_request():
    """Ask for eight shards that take long enough to be met: random rows are drawn one by one."""
    return (
        *(f"input.samples={7 * SHARD + 1000}", "input.features=12"),
        *("architecture.sizes=[16,16,4]", "engine.batch_size=4096"),
        *("output.predictions=true", "output.activations=[hidden1]"),
    )


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a run in tmp_path."""
    with programs(tmp_path, OPENBLAS_NUM_THREADS="1") as start:
        yield lambda *arguments: start(*RUN, *arguments)


@pytest.fixture
def run(start):
    def whole(*arguments):
        process = start(*arguments)
        out, err = process.communicate(timeout=240)
        assert (process.returncode, err) == (0, "")
        return out

    return whole


def version(tmp_path, number):
    return tmp_path / "outputs" / "default" / f"v{number:04d}"


def assert_same(one, other):
    """Every dataset equal to the bit, and every metric."""
    with nnpipe.open_run(one) as a, nnpipe.open_run(other) as b:
        names = ("outputs", "predictions", "activations/hidden1", "sample", "confusion_matrix")
        for name in (name for name in names if name in a.results):
            x, y = a.results[name], b.results[name]
            assert (x.shape, x.dtype) == (y.shape, y.dtype)
            assert x[()].tobytes() == y[()].tobytes()
        assert a.manifest.metrics == b.manifest.metrics


@pytest.mark.slow
def test_shards_hold_the_bits_of_one_process_wherever_the_folder_is_moved(
    run, request_of, tmp_path
):
    run(*request_of)
    out = run(*request_of, *DASK)
    # Dask's pages have no certificate, so a cluster that is started here has none.
    assert "dashboard" not in out
    single, sharded = version(tmp_path, 1), version(tmp_path, 2)
    assert_same(single, sharded)
    parts = [f"results/part-{number:05d}.h5" for number in range(11)]
    assert sorted(path.name for path in (sharded / "results").iterdir()) == [
        Path(part).name for part in parts
    ]
    with nnpipe.open_run(sharded) as opened:
        assert {*parts, "results.h5"} <= {*opened.manifest.artifacts}
        assert opened.outputs.is_virtual
        assert opened.outputs[SHARD - 2 : SHARD + 2].shape == (4, 4)
    moved = tmp_path / "elsewhere"
    sharded.rename(moved)
    assert_same(single, moved)


def test_merged_parts_are_one_plain_file(program, request_of, tmp_path):
    for more in ((), (*DASK, "output.merge=true")):
        done = program(*request_of, *more)
        assert (done.returncode, done.stderr) == (0, "")
    single, merged = version(tmp_path, 1), version(tmp_path, 2)
    assert_same(single, merged)
    with nnpipe.open_run(merged) as opened:
        assert not opened.outputs.is_virtual
    assert not (merged / "results").exists()


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_its_shard_done_again(
    run, start, slow_request, tmp_path
):
    run(*slow_request)
    process = start(*slow_request, *DASK)
    folder = version(tmp_path, 2)
    os.kill(holder(folder / "results" / ".part-0000[1-6].h5.*.part"), signal.SIGKILL)
    _, err = process.communicate(timeout=240)
    assert (process.returncode, err) == (0, "")
    assert_same(version(tmp_path, 1), folder)
    assert len([*(folder / "results").iterdir()]) == 8


@pytest.mark.slow
def test_a_shard_that_kills_three_workers_ends_the_run_and_is_named(start, slow_request, tmp_path):
    # A shard takes seconds: one of tenths may be done before its worker is found and killed.
    larger = ("architecture.sizes=[1500,1500,4]", "output.activations=[]")
    process = start(*slow_request, *DASK, *larger)
    folder = version(tmp_path, 1)
    for _ in range(3):
        pid = holder(folder / "results" / ".part-00001.h5.*.part")
        os.kill(pid, signal.SIGKILL)
        wait_until_gone([pid])
    _, err = process.communicate(timeout=240)
    reason = (
        "shard 1 (samples 65536 to 131071) killed 3 workers; expected one to finish it. "
        "Give the workers more memory (engine.memory), or look at their logs."
    )
    assert (process.returncode, err) == (1, f"outputs/default/v0001: the run failed: {reason}\n")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["status"], manifest["error"]) == ("failed", reason)
    assert not (folder / "results.h5").exists()


@pytest.mark.slow
def test_workers_of_a_scheduler_that_is_there_already_hold_the_bits_of_one_process(
    run, request_of, tmp_path
):
    there = tmp_path / "scheduler.json"
    run(*request_of)
    with programs(tmp_path) as begin:
        begin(*DASK_CLI, "scheduler", "--host=127.0.0.1", "--port=0", *QUIET, there)
        begin(*DASK_CLI, "worker", "--nthreads=1", "--no-nanny", *QUIET, there)
        begin(*DASK_CLI, "worker", "--nthreads=2", *QUIET, there)
        wait_for(there)
        address = json.loads(there.read_text())["address"]
        run(*request_of, "engine=dask", f"engine.cluster={address}")
    assert_same(version(tmp_path, 1), version(tmp_path, 2))


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_an_address_where_no_scheduler_answers_is_refused_in_one_line(
    tmp_path, monkeypatch, capsys, answer
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster, "TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen():
            connection, _ = server.accept()
            with connection:
                connection.sendall(answer)

        if answer is not None:
            Thread(target=listen, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        found = "nothing in 0 s" if answer is None else "something else"
        assert main(["engine=dask", f"engine.cluster={address}"]) == 2
    assert capsys.readouterr().err == (
        f"engine.cluster: no Dask scheduler answers at {address}; found {found}. "
        "Start one with dask scheduler, or set another address.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_workers_and_the_run_goes_on_with_the_parts_that_are_whole(
    run, start, slow_request, tmp_path, number, status
):
    run(*slow_request)
    process = start(*slow_request, *DASK)
    folder = version(tmp_path, 2)
    wait_for(folder / "results" / "part-00001.json")
    workers = descendants(process.pid)
    assert workers
    os.kill(process.pid, number) if number == signal.SIGTERM else os.killpg(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode == status
    wait_until_gone(workers)
    assert json.loads((folder / "manifest.json").read_text())["status"] == "interrupted"
    whole = {
        path.with_suffix(".h5"): path.with_suffix(".h5").stat().st_mtime_ns
        for path in (folder / "results").glob("part-*.json")
    }
    assert 2 <= len(whole) < 8
    # An altered part is not taken for whole.
    altered = folder / "results" / "part-00000.h5"
    altered.write_bytes(altered.read_bytes()[:-1] + b"\0")
    with h5py.File(folder / "results" / "part-00001.h5", "r") as file:
        assert file["outputs"].shape == (SHARD, 4)
    with programs(tmp_path) as begin:
        out, _ = begin(*NNPIPE, "runs", "resume", "default/2").communicate(timeout=240)
    assert out == "default/v0002: complete\n"
    assert_same(version(tmp_path, 1), folder)
    for part, written in whole.items():
        assert (part.stat().st_mtime_ns == written) == (part != altered)

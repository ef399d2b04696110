"""A stored run or sweep names no scheduler: what answers at its address could run code here."""

from __future__ import annotations

import json
import socket

import pytest
import yaml

from nnpipe.runs.store.manifest import measure

SMALL = ("input.samples=4", "input.features=3", "architecture.sizes=[2]", "output.report=false")
DASK = {"kind": "dask", "workers": None, "memory": None, "partition": None, "walltime": None}


@pytest.fixture
def address():
    """A place where somebody listens, and where nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.fixture
def forged(tmp_path, attempt):
    """Return a function that makes a run whose stored config names an address."""

    def forged(address):
        assert attempt("run", *SMALL).status == 0
        run = tmp_path / "outputs/default/v0001"
        config = yaml.safe_load((run / "config.yaml").read_text())
        config["engine"] |= DASK | {"cluster": address}
        (run / "config.yaml").write_text(yaml.safe_dump(config))
        measured = measure(run / "config.yaml")
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["artifacts"]["config.yaml"] |= {"size": measured.size, "sha256": measured.sha256}
        (run / "manifest.json").write_text(json.dumps(manifest))
        return run

    return forged


def cut_short(run):
    (run / "manifest.json").unlink()
    (run / "results").mkdir()


def refusal(address, where="outputs/default/v0001/config.yaml"):
    return (
        f"{where}: engine.cluster: found {address!r} in a file; expected local, slurm, or a typed "
        "address, because a scheduler can run code here. "
        "Type --cluster ADDRESS if you trust it."
    )


def test_a_run_is_not_run_again_on_the_cluster_that_its_config_names(forged, refused, address):
    run = forged(address)
    assert refused("runs", "rerun", "default/1") == refusal(address, run / "config.yaml")


def test_a_run_does_not_go_on_on_the_cluster_that_its_config_names(forged, refused, address):
    cut_short(forged(address))
    assert refused("runs", "resume", "default/1") == refusal(address)


@pytest.mark.parametrize("command", ["rerun", "resume"])
def test_a_typed_address_is_asked(forged, refused, command):
    run = forged("tcp://127.0.0.1:9")
    if command == "resume":
        cut_short(run)
    assert refused("runs", command, "default/1", "--cluster", "tcp://127.0.0.1:7") == (
        "engine.cluster: no Dask scheduler answers at tcp://127.0.0.1:7; found nothing in 5 s. "
        "Start one with dask scheduler, or set another address."
    )


def test_an_address_belongs_to_dask(tmp_path, attempt, refused):
    assert attempt("run", *SMALL).status == 0
    said = refused("runs", "rerun", "default/1", "--cluster", "tcp://127.0.0.1:7")
    path = tmp_path / "outputs/default/v0001/config.yaml"
    assert said == (f"--cluster: only for engine.kind=dask; found 'fast' in {path}. Leave it out.")

"""A run opens if it is complete and unaltered: open.py, record.py, provenance.py, artifacts.py."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest

import nnpipe
from nnpipe.errors import RunError
from nnpipe.network.network import Network
from nnpipe.runs.store.artifacts import RunArtifacts
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import read_manifest
from nnpipe.runs.store.open import open_run
from nnpipe.runs.store.parameters import read_parameters
from nnpipe.runs.store.record import Record
from nnpipe.sources.normalizations.none import IDENTITY


@pytest.fixture
def run(tmp_path):
    with nnpipe.run(
        {
            "architecture": {"sizes": [4, 3]},
            "input": {"samples": 20, "features": 5},
            "output": {"root": str(tmp_path), "report": False},
        }
    ) as run:
        yield run


def test_a_run_is_opened_with_all_that_it_holds(run):
    with open_run(run.path) as found:
        assert found.config["architecture"]["sizes"] == [4, 3]
        assert [layer.outputs for layer in found.network.layers] == [4, 3]
        np.testing.assert_array_equal(found.outputs[:], run.outputs[:])
        assert found.metrics["samples"] == 20
        assert found.manifest.software["numpy"] == np.__version__
        assert found.manifest.blas[0]["threads"] >= 1


def test_an_altered_artifact_is_refused(run):
    with (run.path / "overrides.yaml").open("a") as file:
        file.write("\n")
    with pytest.raises(RunError, match=r"overrides\.yaml: altered"):
        open_run(run.path)


def test_a_run_that_is_not_complete_is_refused_with_its_error(run):
    path = run.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "failed", "error": "no"}))
    with pytest.raises(RunError, match="the run is failed, not complete: no"):
        open_run(run.path)


def test_a_record_keeps_the_log_the_phases_and_the_files_of_a_run(tmp_path, run):
    with Folder.open(tmp_path) as root:
        root.make("own")
        with root.inside("own") as folder:
            record = Record(folder)
            with record.log(), record.phase("work"):
                logging.getLogger("nnpipe").info("a line")
            artifacts = RunArtifacts(record, IDENTITY)
            artifacts.save("notes.txt", lambda file: file.write(b"text"))
            artifacts.save_parameters("best.h5", Network(run.network.layers))
            record.try_to_seal("failed", "on purpose")
    manifest = read_manifest(tmp_path / "own")
    assert (manifest.status, manifest.error) == ("failed", "on purpose")
    assert {"notes.txt", "best.h5"} == set(manifest.artifacts)
    assert manifest.seconds["total"] >= manifest.seconds["work"]
    assert (tmp_path / "own" / "run.log").read_text().endswith("INFO    a line\n")
    layers, _ = read_parameters(tmp_path / "own" / "best.h5")
    for stored, layer in zip(layers, run.network.layers, strict=True):
        np.testing.assert_array_equal(stored.parameters, layer.parameters)

"""A part of a sharded run is reused only if it is complete and unaltered: parts.py, axes.py."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.parts import PartSink, copy_part, read_receipt, tidy, write_receipt
from nnpipe.runs.store.results import ResultsWriter

ROWS = range(4, 7)
VALUES = np.arange(6, dtype=np.float32).reshape(3, 2)
METRICS = {"samples": 3, "sum": 0.1}


@pytest.fixture
def run(tmp_path):
    with Folder.open(tmp_path) as folder:
        folder.make("results")
        yield folder


@pytest.fixture
def part(run):
    with run.inside("results") as folder:
        with ResultsWriter(folder, "part-00001.h5", ROWS) as writer:
            sink = PartSink(writer, ROWS)
            sink.create("outputs", (10, 2), np.float32, ("sample", "neuron"), "Outputs")
            sink.write("outputs", 4, VALUES)
        write_receipt(folder, "part-00001.h5", "key", ROWS, METRICS)
    return run.path / "results" / "part-00001.h5"


def test_a_receipt_is_read_as_it_was_written(part):
    receipt = read_receipt(part, "key", ROWS)
    assert (receipt.key, receipt.rows, receipt.metrics) == ("key", ROWS, METRICS)
    assert receipt.artifact.size == part.stat().st_size
    # The key in the file is that of version 0.1, whose runs can be resumed.
    assert json.loads(part.with_suffix(".json").read_text())["tally"] == METRICS


def test_a_part_has_the_coordinates_of_its_samples(part):
    with h5py.File(part) as file:
        assert file["outputs"].dims[0][0][:].tolist() == list(ROWS)
        assert file["outputs"].attrs["long_name"] == "Outputs"
        assert file["entry/outputs"].attrs["NX_class"] == "NXdata"


def test_a_part_with_another_key_or_other_rows_is_computed_again(part):
    assert read_receipt(part, "other", ROWS) is None
    assert read_receipt(part, "key", range(3, 7)) is None


@pytest.mark.parametrize("damage", ["altered", "longer", "lost", "no receipt"])
def test_a_damaged_part_is_computed_again(part, damage):
    content = part.read_bytes()
    if damage == "altered":
        part.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "longer":
        part.write_bytes(content + b"\0")
    else:
        (part if damage == "lost" else part.with_suffix(".json")).unlink()
    assert read_receipt(part, "key", ROWS) is None


def test_a_part_is_copied_to_its_rows(run, part):
    with ResultsWriter(run, "results.h5", range(10)) as writer:
        writer.create("outputs", (10, 2), np.float32, ("sample", "neuron"), "Outputs")
        copy_part(part, ROWS, writer)
    with h5py.File(run.path / "results.h5") as file:
        np.testing.assert_array_equal(file["outputs"][4:7], VALUES)
        assert not file["outputs"][:4].any()


@pytest.mark.parametrize(("keep", "left"), [(True, ["part-00001.h5"]), (False, [])])
def test_a_complete_run_keeps_its_parts_at_most(run, part, keep, left):
    tidy(run, keep)
    assert [path.name for path in run.path.glob("results/*")] == left

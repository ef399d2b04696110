"""The details of a run, and of two runs, name each file of an input once."""

from __future__ import annotations

import numpy as np
import pytest

import nnpipe
from nnpipe.runs.inspect.details import rank, show
from nnpipe.runs.inspect.difference import compare, report


@pytest.fixture
def run(tmp_path):
    """Return a function that runs over two files, and is tested on them too."""

    def run(**changes):
        source = {
            "kind": "npy",
            "path": str(tmp_path / "x.npy"),
            "labels": str(tmp_path / "y.npy"),
        }
        return nnpipe.run(
            {
                "architecture": {"sizes": [2], "activation": "softmax", **changes},
                "input": source,
                "test": source,
                "output": {"root": str(tmp_path / "outputs"), "report": False},
            }
        )

    np.save(tmp_path / "x.npy", np.ones((4, 3)))
    np.save(tmp_path / "y.npy", np.arange(4) % 2)
    return run


def test_a_run_is_shown_with_each_of_its_files_once(run, tmp_path):
    shown = show(run().path, tmp_path / "outputs")
    [line] = [line for line in shown.text.splitlines() if line.startswith("input ")]
    # Once as the input and once as the test.
    assert line.count(str(tmp_path / "x.npy")) == line.count(str(tmp_path / "y.npy")) == 2
    assert "paths" not in line
    assert shown.data["manifest"]["input"]["paths"] == {
        "path": str(tmp_path / "x.npy"),
        "labels": str(tmp_path / "y.npy"),
    }


def test_a_file_that_has_changed_is_named_once_for_each_input_that_it_is_of(run, tmp_path):
    before = run()
    np.save(tmp_path / "x.npy", np.ones((5, 3)))
    np.save(tmp_path / "y.npy", np.arange(5) % 2)
    difference = compare(before, run())
    assert set(difference.input) == {"size", "mtime_ns", "shape", "rows", "labels", "test"}
    assert "paths" not in report(difference, "a", "b")


def test_a_manifest_without_paths_is_compared_by_what_it_has(run):
    before, after = run(), run()
    known = {name: value for name, value in before.manifest.input.items() if name != "paths"}
    object.__setattr__(before.manifest, "input", known)
    assert compare(before, after).input == {}


def test_a_kind_without_options_is_compared_with_one_that_has_some_by_its_name(run):
    found = compare(run(activation="tanh"), run(activation="leaky_relu")).config
    assert found == {
        "architecture.activation.kind": ("tanh", "leaky_relu"),
        "architecture.activation.slope": ("(absent)", 0.01),
        "architecture.output_activation.kind": ("tanh", "leaky_relu"),
        "architecture.output_activation.slope": ("(absent)", 0.01),
    }


def test_a_metric_without_a_prefix_is_that_of_the_evaluation():
    rows = [
        {"job": "000", "accuracy": 0.9, "evaluation.accuracy": 0.6},
        {"job": "001", "accuracy": 0.8, "evaluation.accuracy": 0.7},
        {"job": "002"},
    ]
    assert [row["job"] for row in rank(rows, "accuracy")] == ["001", "000", "002"]
    assert [row["job"] for row in rank(rows, "accuracy", lowest=True)] == ["000", "001", "002"]
    without = [{k: v for k, v in row.items() if k != "evaluation.accuracy"} for row in rows]
    assert [row["job"] for row in rank(without, "accuracy")] == ["000", "001", "002"]

"""The manifest is checked as data from a stranger."""

from __future__ import annotations

import json
import math
import re

import pytest

from nnpipe.errors import RunError
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import (
    Artifact,
    Manifest,
    measure,
    read_manifest,
    verify,
    write_manifest,
)

TIME = "2026-11-24T12:00:00.000Z"


def store(path, manifest):
    with Folder.open(path) as folder:
        write_manifest(folder, manifest)


def write(folder, **changes):
    store(folder, Manifest(status="complete", started=TIME, ended=TIME))
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_a_manifest_comes_back_as_it_was_written(tmp_path):
    manifest = Manifest(
        status="failed",
        error="DataError: x",
        started=TIME,
        ended=TIME,
        seconds={"total": 1.5},
        seed=3,
        metrics={"accuracy": 0.5, "confusion_matrix": [[1, 0], [0, 1]]},
        network=[{"name": "output", "activation": "sigmoid", "inputs": 2, "neurons": 1}],
        blas=[{"name": "openblas", "threads": 2}],
        artifacts={"results.h5": Artifact(12, "ab" * 32)},
    )
    store(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest


def test_a_metric_that_is_not_finite_becomes_null_since_json_has_no_nan(tmp_path):
    metrics = {"a": math.nan, "b": {"c": math.inf}, "d": [1.0, -math.inf]}
    store(tmp_path, Manifest(status="complete", started=TIME, ended=TIME, metrics=metrics))
    assert read_manifest(tmp_path).metrics == {"a": None, "b": {"c": None}, "d": [1.0, None]}


def test_no_manifest_means_that_the_run_has_not_finished(tmp_path):
    with pytest.raises(RunError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: no manifest.json; expected the folder of a finished run. "
        "The run is still running, or was killed, or this is not a run."
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"status": 1}, "status is of the wrong type"),
        ({"status": "done"}, "status is 'done'; expected one of complete, failed, interrupted"),
        ({"seed": True}, "seed is of the wrong type"),
        ({"metrics": []}, "metrics is of the wrong type"),
        ({"artifacts": {"../x": {}}}, "artifact '../x' is not the name of a file in the folder"),
        ({"artifacts": {"..": {}}}, "artifact '..' is not the name of a file in the folder"),
        ({"artifacts": {"x": {"size": 1}}}, "artifact 'x' lacks its size or its sha256"),
        (
            {"artifacts": {"x": {"size": -1, "sha256": ""}}},
            "artifact 'x' lacks its size or its sha256",
        ),
    ],
)
def test_what_nnpipe_would_not_write_is_refused(tmp_path, changes, what):
    path = write(tmp_path, **changes)
    with pytest.raises(RunError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value) == (
        f"{path}: {what}. This file was not written by nnpipe, or was altered."
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "[" * 100_000, "\xff"])
def test_what_is_no_manifest_is_one_clear_line(tmp_path, text):
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/manifest.json: ")
    assert "\n" not in str(caught.value)


def write_first(folder, **changes):
    """Write a manifest as version 1 has it, where the metrics are called figures."""
    path = write(folder)
    content = json.loads(path.read_text())
    content |= {"schema_version": 1, "figures": content.pop("metrics")} | changes
    path.write_text(json.dumps(content))
    return path


def test_a_manifest_of_version_1_is_read_with_its_figures_as_metrics(tmp_path):
    write_first(tmp_path, figures={"accuracy": 0.5, "outputs": {"mean": 1}})
    manifest = read_manifest(tmp_path)
    assert manifest.metrics == {"accuracy": 0.5, "outputs": {"mean": 1}}
    assert manifest.schema_version == 1


def test_a_manifest_of_version_1_is_written_again_in_the_current_version(tmp_path):
    write_first(tmp_path, figures={"accuracy": 0.5})
    store(tmp_path, read_manifest(tmp_path))
    content = json.loads((tmp_path / "manifest.json").read_text())
    assert (content["schema_version"], content["metrics"]) == (2, {"accuracy": 0.5})
    assert "figures" not in content


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"figures": []}, "figures is of the wrong type"),
        ({"figures": {"a": 1 << 64}}, "figures holds something of the wrong type"),
        ({"schema_version": True}, "schema_version is of the wrong type"),
        ({"schema_version": 1.0}, "schema_version is of the wrong type"),
        ({"schema_version": 2}, "metrics is missing"),
    ],
)
def test_a_manifest_of_version_1_is_checked_by_its_own_names(tmp_path, changes, what):
    path = write_first(tmp_path, **changes)
    with pytest.raises(RunError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value) == (
        f"{path}: {what}. This file was not written by nnpipe, or was altered."
    )


def test_version_1_with_the_field_of_version_2_is_refused(tmp_path):
    path = write(tmp_path, schema_version=1)
    with pytest.raises(RunError, match=re.escape(f"{path}: figures is missing. ")):
        read_manifest(tmp_path)


@pytest.mark.parametrize("version", [0, 3, 99, None, "2", [2]])
def test_a_version_that_is_not_known_is_named(tmp_path, version):
    path = write(tmp_path, schema_version=version)
    with pytest.raises(RunError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value) == (
        f"{path}: schema_version: found {version!r}; expected 1 or 2. "
        "Open it with the version of nnpipe that wrote it."
    )


def test_verify_names_each_file_that_is_missing_shorter_or_altered(tmp_path):
    names = ("same", "altered", "shorter", "missing", "link")
    for name in names:
        (tmp_path / name).write_text("content")
    artifacts = {name: measure(tmp_path / name) for name in names}
    manifest = Manifest(status="complete", started=TIME, ended=TIME, artifacts=artifacts)
    assert verify(tmp_path, manifest) == []

    (tmp_path / "altered").write_text("contents"[:7].upper())
    (tmp_path / "shorter").write_text("cont")
    (tmp_path / "missing").unlink()
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("same")
    assert verify(tmp_path, manifest) == [
        f"{tmp_path}/altered: altered; its SHA-256 is not the one in the manifest",
        f"{tmp_path}/shorter: altered; found 4 bytes; expected 7",
        f"{tmp_path}/missing: missing; the manifest lists it",
        f"{tmp_path}/link: missing; the manifest lists it",
    ]

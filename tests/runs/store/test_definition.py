"""The request for a sweep is read as it was written, and checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnpipe.errors import RunError
from nnpipe.runs.store.definition import Definition, read_definition, write_definition
from nnpipe.runs.store.folder import Folder

SWEEP = Definition(
    started="2026-11-26T12:00:00.000Z",
    directory="/work",
    task=["seed=1,2"],
    config={"seed": 0},
    params={"seed": "1,2"},
)


@pytest.fixture
def written(tmp_path):
    with Folder.open(tmp_path) as folder:
        write_definition(folder, SWEEP)
    return tmp_path / "sweep.yaml"


def test_a_definition_is_read_as_it_was_written(written):
    found = read_definition(written.parent)
    assert replace(found, task=list(found.task), hydra=list(found.hydra)) == replace(
        SWEEP, hydra=[]
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("task:\n- seed=1,2\n", "", "task is missing or of the wrong type. The file was altered."),
        ("schema_version: 2", "schema_version: 9", "schema_version: found 9; expected 1 or 2."),
    ],
)
def test_an_altered_or_newer_definition_is_refused(written, old, new, problem):
    text = written.read_text()
    assert old in text
    written.write_text(text.replace(old, new))
    with pytest.raises(RunError, match=problem):
        read_definition(written.parent)


def test_a_folder_without_a_definition_is_not_a_sweep(tmp_path):
    with pytest.raises(RunError, match="expected the folder of a sweep"):
        read_definition(tmp_path)

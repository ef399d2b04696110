"""Runs found and removed: address.py, columns.py, command_result.py, listing.py, summary.py."""

from __future__ import annotations

import pytest

from nnpipe.errors import RunError
from nnpipe.runs.inspect.address import find, label
from nnpipe.runs.inspect.columns import align
from nnpipe.runs.inspect.listing import list_runs
from nnpipe.runs.inspect.removal import garbage, removable, remove
from nnpipe.runs.inspect.state import look
from nnpipe.runs.inspect.summary import summary
from nnpipe.runs.store.claim import claim


def test_runs_are_listed_by_name_and_status(make, root):
    make()
    claim(root, "other").close()
    assert [row["run"] for row in list_runs(root).data] == ["default/v0001", "other/v0001"]
    assert [row["run"] for row in list_runs(root, patterns=["oth*"]).data] == ["other/v0001"]
    assert [row["run"] for row in list_runs(root, statuses=["complete"]).data] == ["default/v0001"]
    assert list_runs(root, kind="sweep").text == f"no runs in {root} match; there are 2 others"


def test_a_run_is_found_by_its_short_name(make, root):
    path = make().path
    for address in ("default/1", "default/v0001", "default/latest", str(path)):
        assert find(address, root).resolve() == path
    assert label(path, root.resolve()) == "default/v0001"
    with pytest.raises(RunError, match=r"'default/9' is not a run; .* holds default/v0001"):
        find("default/9", root)


def test_a_removed_run_leaves_its_number_used_and_latest_repaired(make, root):
    first, second = make().path, make().path
    [state] = removable([second], root)
    remove(state.folder)
    assert not second.exists()
    assert (root / "default/latest").resolve() == first
    assert make().path.name == "v0003"


def test_the_source_of_another_run_is_not_removed(make, root):
    source = make().path
    user = make(architecture={"kind": "from_run", "run": str(source)}).path
    with pytest.raises(RunError, match="cannot be reproduced without it"):
        removable([source], root)
    assert len(removable([source, user], root)) == 2


def test_only_runs_that_are_not_complete_are_garbage(make, root):
    make()
    killed = make().path
    (killed / "manifest.json").unlink()
    assert [state.folder.name for state in garbage(root)] == [killed.name]
    assert look(killed).status == "killed"


def test_a_summary_is_aligned_and_ends_with_the_folder(make):
    run = make()
    lines = summary(run.path, run.manifest).splitlines()
    assert lines[0].startswith("samples  20 in ")
    assert lines[-1] == f"run      {run.path}"


def test_columns_are_aligned_and_none_is_an_empty_cell():
    assert align([["a", 10], [None, 9]], right=[1]) == "a  10\n    9"

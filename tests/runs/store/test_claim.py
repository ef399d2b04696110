"""Version folders are claimed by one process each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from nnpipe.errors import ConfigError
from nnpipe.runs.store import claim as claims
from nnpipe.runs.store.claim import point_latest
from tests.processes import held


def claim(root, name):
    with claims.claim(root, name) as folder:
        return folder.path


def test_the_first_folder_is_v0001_and_the_next_v0002(tmp_path):
    assert claim(tmp_path, "default") == tmp_path / "default" / "v0001"
    assert claim(tmp_path, "default") == tmp_path / "default" / "v0002"


def test_numbers_only_grow_even_past_9999_and_over_gaps(tmp_path):
    for number in ("v0003", "v9999"):
        (tmp_path / "default" / number).mkdir(parents=True)
    assert claim(tmp_path, "default").name == "v10000"
    assert claim(tmp_path, "default").name == "v10001"


def test_other_names_in_the_folder_do_not_matter(tmp_path):
    for name in ("latest", "vx", "v1", "notes"):
        (tmp_path / "default" / name).mkdir(parents=True)
    assert claim(tmp_path, "default").name == "v0001"


def test_twenty_processes_that_start_together_get_twenty_numbers(tmp_path):
    code = (
        "import sys; from pathlib import Path; from nnpipe.runs.store.claim import claim; "
        "sys.stdin.readline(); print(claim(Path(sys.argv[1]), 'default').path.name)"
    )
    waiting = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(20)
    ]
    for process in waiting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    names = sorted(process.communicate(timeout=60)[0].strip() for process in waiting)
    assert names == [f"v{number:04d}" for number in range(1, 21)]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_config(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as caught:
        claim(tmp_path / "file", "default")
    assert str(caught.value) == (
        f"output.root: '{tmp_path}/file/default' cannot hold a run; found Not a directory; "
        "expected a writable folder. Set output.root to one."
    )


def test_latest_leads_to_the_newest_and_never_back(tmp_path):
    first, second = claim(tmp_path, "default"), claim(tmp_path, "default")
    point_latest(second)
    point_latest(first)
    link = tmp_path / "default" / "latest"
    assert link.is_symlink()
    assert link.resolve() == second
    assert sorted(path.name for path in link.parent.iterdir()) == ["latest", "v0001", "v0002"]


def test_latest_waits_for_another_run_that_is_pointing_it(tmp_path):
    first, second = claim(tmp_path, "default"), claim(tmp_path, "default")
    with held(first.parent):
        older = Thread(target=point_latest, args=(first,))
        older.start()
        # What the newer run does in the meantime is what the older one then finds.
        (first.parent / "latest").symlink_to(second.name)
    older.join()
    assert (first.parent / "latest").readlink() == Path("v0002")

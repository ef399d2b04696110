"""The state of a run before it has written anything, and after it has ended."""

import os
import time

import pytest

from nnpipe.runs.inspect.state import STARTING, look
from tests.processes import held


def test_a_run_is_running_from_its_first_moment_on(tmp_path):
    assert look(tmp_path).status == "running"
    (tmp_path / "run.log").touch()
    assert look(tmp_path).status == "running"
    with held(tmp_path / "run.log"):
        (tmp_path / "config.yaml").touch()
        assert look(tmp_path).status == "running"
    assert look(tmp_path).status == "killed"


@pytest.mark.parametrize("names", [(), ("run.log",), ("sweep.yaml",)])
def test_a_folder_that_nobody_went_on_with_is_of_a_killed_run(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    old = time.time() - STARTING - 1
    os.utime(tmp_path, (old, old))
    assert look(tmp_path).status == "killed"

"""Many runs at once into one name, readers that list them, a clock that goes backwards."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnpipe
from nnpipe.runs.inspect.listing import list_runs
from nnpipe.runs.store import record

CONCURRENCY = Path(__file__).with_name("concurrency.py")


# Readers go on until the last run has ended; what they list after it no longer changes.
@pytest.mark.parametrize(
    ("runs", "listings"), [(6, 50), pytest.param(50, 1_000, marks=pytest.mark.slow)]
)
def test_runs_at_once_get_a_number_each_and_no_reader_sees_half_a_run(tmp_path, runs, listings):
    command = [sys.executable, str(CONCURRENCY), str(tmp_path), str(runs), str(listings)]
    program = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    report = json.loads(program.stdout.splitlines()[-1])
    assert report["wrong"] == []
    assert report["ended"] == [0] * (runs + 2)
    assert report["seen"]["listings"] >= listings
    folders = sorted(path.name for path in (tmp_path / "a").iterdir() if path.name != "latest")
    assert folders == [f"v{number:04d}" for number in range(1, runs + 1)]
    for folder in folders:
        with nnpipe.open_run(tmp_path / "a" / folder) as run:
            assert run.manifest.status == "complete"
    assert os.readlink(tmp_path / "a" / "latest") == f"v{runs:04d}"


def test_a_clock_that_goes_backwards_changes_no_order(tmp_path, monkeypatch):
    years = iter(range(2030, 1970, -1))
    monkeypatch.setattr(record, "now", lambda: f"{next(years)}-01-01T00:00:00.000Z")
    config = {
        "architecture": {"sizes": [3]},
        "input": {"samples": 20, "features": 5},
        "output": {"root": str(tmp_path), "name": "a", "report": False},
    }
    for _ in range(3):
        nnpipe.run(config).close()
    rows = list_runs(tmp_path).data
    versions = [(row["version"], row["status"]) for row in rows]
    assert versions == [(1, "complete"), (2, "complete"), (3, "complete")]
    with nnpipe.open_run(tmp_path / "a" / "latest") as latest:
        assert latest.path.name == "v0003"
        assert all(seconds >= 0 for seconds in latest.manifest.seconds.values())

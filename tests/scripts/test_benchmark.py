"""The benchmark measures, checks that its peers compute the same, and leaves a folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = (
    "repeats=1",
    "memory.networks=[[6,5,3]]",
    "memory.samples=[1,70]",
    "read.samples=600",
    "file.samples=600",
    "growth.samples=[100]",
    "growth.widths=[4]",
    "growth.depths=[1]",
    "start.jobs=1",
)


def benchmark(folder, *arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "benchmark.py"), *SMALL, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_every_part_is_measured_and_written_down(tmp_path):
    done = benchmark(tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "outputs" / "benchmark" / "latest"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert {"benchmark.json", "benchmark.md", "config.yaml"} <= set(manifest["artifacts"])
    measured = json.loads((folder / "benchmark.json").read_text())
    parts = {row["part"] for row in measured["rows"]}
    assert {"memory", "read", "start"} <= parts
    assert [point["what"] for point in measured["growth"]] == ["samples", "width", "depth"]
    assert "| memory | 6-5-3, tanh, 70 | numpy |" in (folder / "benchmark.md").read_text()
    assert list(folder.glob("tmp*")) == []


def test_an_unknown_part_is_named(tmp_path):
    done = benchmark(tmp_path, "parts=[memory,speed]")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "parts: found ['speed']; expected any of memory, read, file, growth, start"
    )
    assert not (tmp_path / "outputs").exists()

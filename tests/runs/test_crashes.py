"""A process that is killed at any point of a run or a sweep leaves nothing that looks whole.

The process is a fork of the test's own, with a hook that kills it at its n-th step on the disk:
before a file is opened, a folder made, a name changed, a link made, or a file flushed. n grows
until a process comes through.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nnpipe
from nnpipe.app.main import main
from nnpipe.commands import runs
from nnpipe.runs.open import CONFIG, PARAMETERS, RESULTS
from nnpipe.runs.state import jobs, look, versions
from nnpipe.runs.verification import verify_run

pytestmark = pytest.mark.slow

STEPS = {"open", "os.mkdir", "os.rename", "os.symlink", "os.remove", "fsync"}


def killed_at(
    number: int, root: Path, action: Callable[[], Any], ignore: str = "(?!)"
) -> str | None:
    """Do something in a process that is killed at its n-th step below a folder.

    Steps on places in which the pattern `ignore` is found are not counted.

    Returns
    -------
    str or None
        The step, or None where there were fewer and the process came through.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            _count_down(number, str(root), re.compile(ignore), writer)
            action()
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as said:
        step = said.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return step
    assert os.WEXITSTATUS(status) == 0
    return None


def _count_down(number: int, root: str, ignore: re.Pattern[str], writer: int) -> None:
    remaining = number

    def step(event: str, place: object) -> None:
        nonlocal remaining
        if not str(place).startswith(root) or ignore.search(str(place)):
            return
        remaining -= 1
        if remaining == 0:
            os.write(writer, f"{event} {place}".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event in STEPS and arguments:
            # Of a symlink the new name is the second, and it is relative to nothing else.
            place = arguments[1] if event == "os.symlink" else arguments[0]
            step(event, os.path.abspath(os.fsdecode(place)) if isinstance(place, str) else place)

    flush = os.fsync

    def fsync(descriptor: int) -> None:
        step("fsync", os.readlink(f"/proc/self/fd/{descriptor}"))
        flush(descriptor)

    os.fsync = fsync
    sys.addaudithook(audit)


def one_run(root: Path) -> None:
    given: dict[str, Any] = {
        "architecture": {"sizes": [3]},
        "input": {"samples": 4, "features": 2},
        "output": {"root": str(root), "name": "small", "report": False},
    }
    nnpipe.run(given).close()


def assert_whole(folder: Path, reference: Path) -> None:
    """Whatever has its final name has the bytes of a run that came through."""
    for name in (CONFIG, PARAMETERS, RESULTS):
        if (folder / name).exists():
            assert (folder / name).read_bytes() == (reference / name).read_bytes()


def assert_sound(root: Path) -> None:
    """What counts as complete is; `latest` leads to a complete run."""
    for version in versions(root):
        for folder in (version, *jobs(version)):
            assert look(folder).status in ("complete", "killed", "running", "interrupted", "failed")
            if look(folder).status == "complete":
                assert verify_run(folder) == []
    for link in root.glob("*/latest"):
        assert link.is_symlink()
        assert look(link.resolve()).status == "complete"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    if sys.platform != "linux":
        pytest.skip("the hook reads /proc, which Linux has")
    return tmp_path / "outputs"


def test_a_run_may_be_killed_at_every_step(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one_run(root)
    reference = root / "small/v0001"
    seen: set[str] = set()
    for number in itertools.count(1):
        step = killed_at(number, root, lambda: one_run(root))
        folder = sorted(versions(root))[-1]
        if step is None:
            break
        seen.add(step.split()[0])
        assert_sound(root)
        if folder != reference:
            assert_whole(folder, reference)
        one_run(root)
        newest = sorted(versions(root))[-1]
        assert look(newest).status == "complete"
        assert (root / "small/latest").resolve() == newest
        # The next kill finds one complete run, and nothing else.
        for left in (folder, *root.glob("small/.latest.*.part")):
            os.utime(left, (0, 0), follow_symlinks=False)
        runs(["gc", "--yes", "--root", str(root)])
        others = [version for version in versions(root) if version != reference]
        if others:
            runs(["remove", "--yes", "--root", str(root), *map(str, others)])
        assert [entry for entry in root.rglob("*.part")] == []
    assert seen == STEPS
    assert number > 40


def test_a_sweep_may_be_killed_at_every_step_and_resumed(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root.parent)
    asked = ["-m", "architecture.sizes=[2]", "input.samples=4", "input.features=2", "seed=1,2"]
    asked.append("output.report=false")
    assert main(asked) == 0
    reference = root / "default/v0001"
    # What a job does in its folder is what a run does, and is tested above, but for its end.
    within_a_job = r"runs/\d+(/(?!\.?manifest)|$)"
    for number in itertools.count(1):
        step = killed_at(number, root, lambda: main(asked), within_a_job)
        if step is None:
            break
        assert_sound(root)
        folder = sorted(versions(root))[-1]
        if folder == reference:
            continue
        assert look(folder).status != "complete" or verify_run(folder) == []
        for job in jobs(folder):
            assert_whole(job, reference / "runs" / job.name)
        if (folder / "sweep.yaml").exists() and look(folder).status == "killed":
            assert runs(["resume", str(folder)]) == 0
            assert verify_run(folder) == []
            assert len(jobs(folder)) == 2
        shutil.rmtree(folder)
    assert number > 30

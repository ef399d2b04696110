"""A process killed at any point of a run or a sweep leaves nothing that looks complete.

The process is a fork of the test's own, with a hook that kills it at its n-th step on the disk:
before a file is opened, a folder made, a name changed, a link made, or a file flushed. n grows
until a process comes through. A sweep takes longer: it comes through at once, and what a kill at
each step would have left is copied.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nnpipe
from nnpipe.app.main import main
from nnpipe.cli.commands import runs
from nnpipe.runs.inspect.state import jobs, look, versions
from nnpipe.runs.inspect.verification import verify_run
from nnpipe.runs.store.open import CONFIG, PARAMETERS, RESULTS
from tests.changes import hear

pytestmark = pytest.mark.slow

STEPS = {"open", "os.mkdir", "os.rename", "os.symlink", "fsync"}


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
            quiet(root.parent)
            remaining = itertools.count(number - 1, -1)

            def kill(event: str, place: str) -> None:
                if next(remaining) == 0:
                    os.write(writer, f"{event} {place}".encode())
                    os.kill(os.getpid(), signal.SIGKILL)

            watch(str(root), re.compile(ignore), kill)
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


def quiet(temporary: Path) -> None:
    """Say nothing, and leave the temporary folder of a sweep that is killed in the test's own."""
    tempfile.tempdir = str(temporary)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def watch(root: str, ignore: re.Pattern[str], act: Callable[[str, str], None]) -> None:
    """Have a function called before each step below a folder, for as long as the process lives."""
    acting = False

    def step(event: str, place: str, flags: int = 0) -> None:
        nonlocal acting
        if acting or not place.startswith(root) or ignore.search(place):
            return
        acting = True
        act(event, place)
        acting = False

    flush = os.fsync

    def fsync(descriptor: int) -> None:
        step("fsync", os.readlink(f"/proc/self/fd/{descriptor}"))
        flush(descriptor)

    os.fsync = fsync
    hear(step)


def states_on_the_way(
    root: Path, copies: Path, action: Callable[[], Any], ignore: str
) -> tuple[list[Path], int]:
    """Do something in a process that copies a folder before each of its steps below it.

    A process that is killed leaves what is on the disk at that moment, so that each copy is what
    a kill at its step would have left. Copies that are the same are kept once.

    Returns
    -------
    copies : list of Path
        In their order.
    steps : int
        How many steps there were.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            quiet(root.parent)
            count = itertools.count(1)

            def copy(event: str, place: str) -> None:
                shutil.copytree(root, copies / f"{next(count):03d}", symlinks=True)

            watch(str(root), re.compile(ignore), copy)
            action()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    taken = sorted(copies.iterdir())
    kept: dict[frozenset[tuple[str, bytes]], Path] = {}
    for folder in taken:
        kept.setdefault(contents(folder), folder)
    return list(kept.values()), len(taken)


def contents(folder: Path) -> frozenset[tuple[str, bytes]]:
    """Return the paths and contents of all that is in a folder."""

    def content(path: Path) -> bytes:
        if path.is_symlink():
            return bytes(path.readlink())
        return b"a folder" if path.is_dir() else path.read_bytes()

    return frozenset((str(path.relative_to(folder)), content(path)) for path in folder.rglob("*"))


def names(folder: Path) -> set[str]:
    """Return the names in a folder, without the random part of temporary ones."""
    return {re.sub(r"\.[0-9a-f]{16}\.part$", ".part", name) for name, _ in contents(folder)}


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
    begun = root.with_name("begun")
    shutil.copytree(root, begun, symlinks=True)
    copies = root.with_name("copies")
    states, steps = states_on_the_way(root, copies, lambda: main(asked), within_a_job)
    assert steps > 30

    shutil.rmtree(root)
    shutil.copytree(begun, root, symlinks=True)
    assert killed_at(steps // 2, root, lambda: main(asked), within_a_job) is not None
    assert names(root) == names(copies / f"{steps // 2:03d}")

    resumed = 0
    for state in states:
        shutil.rmtree(root)
        state.rename(root)
        assert_sound(root)
        folder = sorted(versions(root))[-1]
        if folder == reference:
            continue
        assert look(folder).status != "complete" or verify_run(folder) == []
        for job in jobs(folder):
            assert_whole(job, reference / "runs" / job.name)
        if (folder / "sweep.yaml").exists() and look(folder).status == "killed":
            resumed += 1
            assert runs(["resume", str(folder)]) == 0
            assert verify_run(folder) == []
            assert len(jobs(folder)) == 2
    assert resumed > 10

"""A disk that is full, read-only or goes away gives one line, and no incomplete file."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnpipe.runs.inspect.state import jobs, look, versions
from nnpipe.runs.inspect.verification import verify_run
from nnpipe.runs.store.open import CONFIG, PARAMETERS, RESULTS
from tests.processes import RUN

pytestmark = pytest.mark.slow

SCRIPT = RUN[1]
ASKED = ["input.samples=300", "input.features=4", "architecture.sizes=[40]", "output.report=false"]

Done = subprocess.CompletedProcess[str]


def run(tmp_path: Path, *arguments: str, limit: int | None = None, before: str = "") -> Done:
    """Run the program in a folder, with the greatest size that a file may have, in bytes."""

    def set_limit() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-B", SCRIPT, *arguments, *ASKED]
    if before:
        command = [
            sys.executable, "-B", "-c", f"{before}; from nnpipe.app.main import main; "
            f"sys.exit(main({[*ASKED, *arguments]!r}))",
        ]  # fmt: skip
    return subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=set_limit,
    )


def assert_nothing_half_written(folder: Path, whole: Path) -> None:
    # A folder with a log alone is a run that starts, for a minute.
    os.utime(folder, (0, 0))
    assert look(folder).status in ("failed", "killed")
    assert not [entry for entry in folder.iterdir() if entry.suffix == ".part"]
    for name in (CONFIG, PARAMETERS, RESULTS):
        if (folder / name).exists():
            assert (folder / name).read_bytes() == (whole / name).read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run as it is without any limit."""
    folder = tmp_path_factory.mktemp("whole")
    assert run(folder).returncode == 0
    return folder / "outputs/default/v0001"


@pytest.fixture(scope="module")
def sizes(whole: Path) -> dict[str, int]:
    """How large its files are."""
    return {entry.name: entry.stat().st_size for entry in whole.iterdir()}


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(lambda sizes: 0, id="nothing"),
        pytest.param(lambda sizes: sizes[CONFIG] - 1, id="not-the-config"),
        pytest.param(lambda sizes: sizes[PARAMETERS] - 1, id="not-the-parameters"),
        pytest.param(lambda sizes: sizes[PARAMETERS] // 2, id="half-of-the-parameters"),
        pytest.param(lambda sizes: sizes[RESULTS] // 2, id="half-of-the-results"),
        pytest.param(lambda sizes: sizes[RESULTS] - 1, id="not-the-results"),
    ],
)
def test_a_full_disk_fails_the_run_in_one_line(
    tmp_path: Path, whole: Path, sizes: dict[str, int], limit: Callable[[dict[str, int]], int]
) -> None:
    done = run(tmp_path, limit=limit(sizes))
    folder = tmp_path / "outputs/default/v0001"
    assert done.returncode == 1
    assert done.stderr.startswith("outputs/default/v0001: the run failed: ")
    assert done.stderr.count("\n") == 1
    assert_nothing_half_written(folder, whole)
    assert not (folder.parent / "latest").is_symlink()
    assert run(tmp_path).returncode == 0
    assert (folder.parent / "latest").readlink() == Path("v0002")


def test_a_full_disk_fails_a_sweep_in_a_line_a_job(
    tmp_path: Path, whole: Path, sizes: dict[str, int]
) -> None:
    done = run(tmp_path, "-m", "seed=1,2", limit=sizes[RESULTS] - 1)
    assert done.returncode == 1
    (sweep,) = versions(tmp_path / "outputs")
    assert [look(job).status for job in jobs(sweep)] == ["failed", "failed"]
    assert look(sweep).status == "failed"
    assert "Traceback" not in done.stderr + done.stdout
    for job in jobs(sweep):
        assert not (job / RESULTS).exists()
        assert not [entry for entry in job.iterdir() if entry.suffix == ".part"]


def test_a_disk_too_full_for_any_file_ends_a_sweep_without_a_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "seed=1,2", limit=0)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    for sweep in versions(tmp_path / "outputs"):
        assert look(sweep).status != "complete"


def test_a_small_file_system_that_fills_up_fails_the_run(
    tmp_path: Path, whole: Path, sizes: dict[str, int]
) -> None:
    root = tmp_path / "outputs"
    root.mkdir()
    free = 4096 * (sizes[PARAMETERS] // 4096 + 8)
    command = (
        f"mount -t tmpfs -o size={free} tmpfs {root} && {sys.executable} -B {SCRIPT} "
        f"{shlex.join(ASKED)}; status=$?; cp -r outputs found; exit $status"
    )
    if shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("mounting a file system needs root and unshare")
    try_out = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", str(root)]
    if subprocess.run(try_out, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a file system is not permitted here")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "No space left on device" in done.stderr
    assert_nothing_half_written(tmp_path / "found/default/v0001", whole)


@pytest.mark.parametrize("multirun", [(), ("-m", "seed=1,2")], ids=["run", "sweep"])
def test_a_root_that_cannot_be_written_is_refused(
    tmp_path: Path, multirun: tuple[str, ...]
) -> None:
    # The tests may run as root, for whom no folder is read-only; /proc is, for everybody.
    done = run(tmp_path, *multirun, "output.root=/proc/nnpipe")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("output.root: '/proc/nnpipe/default' cannot hold a run; found ")


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outputs").touch()
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "output.root: 'outputs/default' cannot hold a run; found Not a directory; "
        "expected a writable folder. Set output.root to one.\n"
    )


REMOVE = """
import shutil, sys, nnpipe.runs.store.artifacts as store
write = store.write_parameters
def remove_first(folder, *rest):
    shutil.rmtree(folder.path)
    write(folder, *rest)
store.write_parameters = remove_first
"""

REMOVE_LATE = """
import shutil, sys, nnpipe.stages.infer as stage
from nnpipe.config.kind import Kind
def remove_after(context):
    stage._infer(context)
    shutil.rmtree(context.sink.folder.path)
stage.infer = Kind(stage.infer.options, lambda options: remove_after)
"""


@pytest.mark.parametrize("before", [REMOVE, REMOVE_LATE], ids=["early", "late"])
def test_a_folder_that_is_removed_in_mid_run_fails_it(tmp_path: Path, before: str) -> None:
    done = run(tmp_path, before=f"exec({before!r})")
    assert done.returncode == 1
    assert done.stderr.startswith("outputs/default/v0001: the run failed: FileNotFoundError: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "outputs/default/v0001").exists()
    assert not (tmp_path / "outputs/default/latest").is_symlink()
    assert run(tmp_path).returncode == 0
    assert verify_run((tmp_path / "outputs/default/latest").resolve()) == []

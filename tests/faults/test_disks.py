"""A disk that fills up, and folders that go away: the run fails, and nothing is lost."""

import ctypes
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys

import pytest

import nnpipe
from nnpipe.errors import RunFailed
from tests.processes import RUN, wait_for

BIG = {"input": {"samples": 20_000, "features": 5}, "architecture": {"sizes": [50]}}
SMALL = {"input": {"samples": 20, "features": 5}, "architecture": {"sizes": [3]}}


def output(tmp_path):
    return {"output": {"root": str(tmp_path / "outputs"), "name": "a"}}


def test_a_disk_that_is_full_fails_the_run_and_keeps_the_one_before(tmp_path):
    with nnpipe.run({**SMALL, **output(tmp_path)}) as before:
        assert before.manifest.status == "complete"
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))"
    program = (
        f"{limited}\nimport sys, nnpipe\n"
        f"try:\n    nnpipe.run({ {**BIG, **output(tmp_path)}!r})\n"
        "except nnpipe.RunFailed as error:\n    print(error)\n    sys.exit(1)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    folder = tmp_path / "outputs" / "a" / "v0002"
    assert ended.returncode == 1, ended
    assert ended.stdout.startswith(f"{folder}: the run failed: ")
    assert ended.stdout.count("\n") == 1
    assert "File too large" in ended.stdout
    assert json.loads((folder / "manifest.json").read_text())["status"] == "failed"
    assert not (folder / "results.h5").exists()
    assert list(folder.glob(".*.part")) == []
    with nnpipe.open_run(tmp_path / "outputs" / "a" / "latest") as latest:
        assert latest.path == before.path


def test_coordinates_that_fill_the_disk_end_the_run_in_little_memory(tmp_path):
    given = {"input": {"samples": 10**13, "features": 2}, "architecture": {"sizes": [3]}}
    program = (
        "import resource, nnpipe\n"
        "from nnpipe.stages.memory import peak\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 24, 1 << 24))\n"
        f"try:\n    nnpipe.run({ {**given, **output(tmp_path)}!r})\n"
        "except nnpipe.RunFailed as error:\n"
        "    print(peak(), error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    most, _, said = ended.stdout.partition(" ")
    assert int(most) < 300 << 20
    assert "File too large" in said


def test_a_run_that_writes_its_coordinates_ends_at_once_when_it_is_terminated(tmp_path):
    given = ["input.samples=10000000000000", "input.features=2", "architecture.sizes=[3]"]
    with subprocess.Popen([*RUN, *given], cwd=tmp_path, stdout=subprocess.DEVNULL) as program:
        folder = tmp_path / "outputs/default/v0001"
        wait_for(folder / "config.yaml")
        while not [part for part in folder.glob(".results.h5.*") if part.stat().st_size]:
            assert program.poll() is None
        program.terminate()
        assert program.wait(timeout=20) == 143
    assert json.loads((folder / "manifest.json").read_text())["status"] == "interrupted"
    assert list(folder.glob(".*.part")) == []


class Act:
    """A progress that acts once a stage has begun."""

    def __init__(self, act):
        self.act = act

    def begin(self, title, samples):
        if title == "infer":
            self.act()

    def advance(self, samples):
        pass

    def end(self):
        pass


def test_an_output_folder_that_goes_away_fails_the_run(tmp_path):
    folder = tmp_path / "outputs" / "a" / "v0001"
    with pytest.raises(RunFailed) as failed:
        nnpipe.run({**SMALL, **output(tmp_path)}, progress=Act(lambda: shutil.rmtree(folder)))
    assert "\n" not in str(failed.value)
    assert not folder.exists()


def test_an_output_folder_that_is_replaced_by_another_is_not_written_to(tmp_path):
    folder = tmp_path / "outputs" / "a" / "v0001"

    def replace():
        folder.rename(tmp_path / "moved")
        (tmp_path / "other").mkdir()
        (tmp_path / "other").rename(folder)

    with pytest.raises(RunFailed):
        nnpipe.run({**SMALL, **output(tmp_path)}, progress=Act(replace))
    assert not (folder / "results.h5").exists()


def give_up_writing_anywhere():
    """Let root be bound by permissions in what is executed next; see capabilities(7)."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1
        if ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, dac_override, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")


def test_a_root_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "outputs").mkdir(mode=0o500)
    ended = subprocess.run(
        [*RUN, "input.samples=20", f"output.root={tmp_path / 'outputs'}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=give_up_writing_anywhere,
    )
    assert (ended.returncode, ended.stdout.count("run  ")) == (2, 0)
    assert re.fullmatch(r"output\.root: .* Permission denied; expected .*\n", ended.stderr)
    assert list((tmp_path / "outputs").iterdir()) == []


def test_the_limit_of_the_size_of_a_file_is_an_error_and_no_signal():
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY

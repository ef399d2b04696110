"""Locks on file systems with locks, and on those without, as some network file systems."""

import errno
import os
import stat

import pytest

import nnpipe
from nnpipe.errors import RunError
from nnpipe.runs.inspect.listing import list_runs
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.lock import is_held


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS], ids=errno.errorcode.get)
def no_locks(request, monkeypatch):
    """Have every lock be refused as a file system does that has none."""

    def refuse(descriptor, operation):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr("nnpipe.runs.store.lock.fcntl.flock", refuse)


@pytest.fixture
def folder(tmp_path):
    with Folder.open(tmp_path) as folder:
        yield folder


def test_a_lock_is_held_until_the_block_ends(folder, tmp_path):
    path = tmp_path / "run.log"
    with folder.hold("run.log"):
        assert is_held(path)
    assert not is_held(path)


def test_a_lock_that_another_holds_is_refused_where_nobody_waits(folder, monkeypatch):
    monkeypatch.setattr("nnpipe.runs.store.lock._GLANCE", 0.0)
    taken = pytest.raises(RunError, match=r"^taken$")
    with folder.hold(), taken, folder.hold(refusal="taken"):
        pytest.fail("two hold one lock")
    with folder.hold(refusal="taken"):
        pass


def test_what_cannot_be_opened_is_held_by_nobody(tmp_path):
    assert not is_held(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    assert not is_held(tmp_path / "pipe")
    assert not is_held(tmp_path / "link")


@pytest.mark.usefixtures("no_locks")
def test_without_locks_runs_are_made_and_listed_all_the_same(tmp_path):
    config = {
        "architecture": {"sizes": [3]},
        "input": {"samples": 4, "features": 2},
        "output": {"root": str(tmp_path), "name": "a", "report": False},
    }
    for _ in range(2):
        nnpipe.run(config).close()
    assert [row["status"] for row in list_runs(tmp_path).data] == ["complete", "complete"]
    assert os.readlink(tmp_path / "a/latest") == "v0002"
    with Folder.open(tmp_path / "a") as folder, folder.hold(refusal="taken"):
        assert not is_held(tmp_path / "a")


def test_a_run_in_folders_that_cannot_be_written_is_opened(tmp_path):
    output = {"root": str(tmp_path), "name": "a", "report": False}
    config = {"architecture": {"sizes": [3]}, "input": {"samples": 4, "features": 2}}
    with nnpipe.run({**config, "output": output}) as run:
        outputs = run.outputs[:]
    for path in (*run.path.iterdir(), run.path):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    with nnpipe.open_run(run.path) as again:
        assert (again.outputs[:] == outputs).all()
        assert again.network.layers
    run.path.chmod(0o755)

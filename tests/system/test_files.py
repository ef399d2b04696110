"""Only regular files are opened, and no links unless the user names one."""

import os

import pytest

from nnpipe.system.files import open_regular, stored_bytes


def test_a_regular_file_is_opened(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "a", "a"):
        with open_regular(path) as file:
            assert file.read() == b"x"


def test_no_link_leads_to_a_file(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a").write_bytes(b"x")
    folder = tmp_path / "run"
    (folder / "real").mkdir(parents=True)
    (folder / "real" / "a").write_bytes(b"y")
    (folder / "results").symlink_to("../outside")
    (folder / "a").symlink_to("../outside/a")
    for path in (folder / "a", folder / "results" / "a"):
        with pytest.raises(OSError, match="it is a link"):
            open_regular(path, folder)
    with open_regular(folder / "real" / "a", folder) as file:
        assert file.read() == b"y"
    with open_regular(folder / "a", follow=True) as file:
        assert file.read() == b"x"
    (tmp_path / "named").symlink_to("run")
    with open_regular(tmp_path / "named" / "real" / "a", tmp_path / "named") as file:
        assert file.read() == b"y"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_nothing_but_a_regular_file_is_opened(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(ValueError, match="not a regular file"):
        open_regular(tmp_path / "a", follow=True)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "b")


def test_holes_are_not_counted_and_the_place_stays(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.write(b"x" * 10_000)
        file.truncate(1 << 30)
        file.seek(1 << 29)
        file.write(b"x")
    with open_regular(tmp_path / "a") as file:
        file.seek(5)
        assert 10_001 <= stored_bytes(file.fileno()) <= 1 << 17
        assert file.read(2) == b"xx"
    (tmp_path / "b").write_bytes(os.urandom(50_000))
    with open_regular(tmp_path / "b") as file:
        assert stored_bytes(file.fileno()) == 50_000

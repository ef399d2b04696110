"""Files in an open folder are complete or absent, and nothing outside of it changes."""

import os
import stat

import pytest

from nnpipe.errors import RunError
from nnpipe.runs.store.folder import Folder


@pytest.fixture
def place(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.fixture
def folder(place):
    with Folder.open(place) as folder:
        yield folder


def test_a_published_file_has_its_content_and_nothing_is_left_beside_it(folder, place):
    folder.publish_text("a.txt", "grüße\n")
    assert (place / "a.txt").read_bytes() == "grüße\n".encode()
    assert folder.names() == ["a.txt"]


def test_a_failure_leaves_the_old_file_and_no_temporary_one(folder, place):
    (place / "a.txt").write_text("old")

    def write_half():
        with folder.publish("a.txt") as file:
            file.write(b"half of the new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert (place / "a.txt").read_text() == "old"
    assert folder.names() == ["a.txt"]


def test_nothing_stands_under_the_final_name_while_it_is_written(folder, place):
    with folder.publish("a.txt") as file:
        file.write(b"content")
        (temporary,) = folder.names()
        assert temporary.startswith(".a.txt.")
    assert folder.names() == ["a.txt"]


def test_files_and_folders_get_the_permissions_that_the_user_gives(folder, place):
    before = os.umask(0o027)
    try:
        folder.publish_text("a.txt", "")
        folder.append("b.txt").close()
        folder.inside("c", make=True).close()
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((place / name).stat().st_mode) for name in ("a.txt", "b.txt", "c")]
    assert modes == [0o640, 0o640, 0o750]


def plant(place, kind, target):
    """Put something that is no file of the run's own under the name `x`."""
    x = place / "x"
    match kind:
        case "link":
            x.symlink_to(target)
        case "hard link":
            os.link(target, x)
        case "pipe":
            os.mkfifo(x)
        case "folder":
            x.mkdir()
        case "device":
            os.mknod(x, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        case _:
            x.write_text("planted")
            os.chown(x, 65534, 65534)
            place.chmod(0o777)


KINDS = {
    "link": "a link",
    "hard link": "a file with 2 hard links",
    "pipe": "a pipe",
    "folder": "a folder",
    "device": "a device",
    "other owner": "a file of user 65534 in a folder that everyone may write to",
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices, gives away")


def lock(folder):
    with folder.hold("x"):
        pass


@pytest.mark.parametrize(
    "change",
    [lambda f: f.publish_text("x", ""), lambda f: f.append("x").close(), lock],
    ids=["publish", "append", "lock"],
)
@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=needs_root if k in ("device", "other owner") else ()) for k in KINDS],
)
def test_what_is_no_file_of_the_run_is_refused_and_left_alone(folder, place, kind, change):
    target = place.parent / "precious"
    target.write_text("precious")
    plant(place, kind, target)
    before = os.lstat(place / "x")
    with pytest.raises(RunError) as refused:
        change(folder)
    assert str(refused.value) == (
        f"{place}/x: cannot be changed; found {KINDS[kind]}; expected a file of the run's own. "
        "Remove it if it is not meant to be there."
    )
    assert os.lstat(place / "x") == before
    assert target.read_text() == "precious"
    assert folder.names() == ["x"]


@needs_root
def test_files_of_others_are_replaced_where_only_a_group_may_write(folder, place):
    plant(place, "other owner", None)
    place.chmod(0o2775)
    folder.publish_text("x", "new")
    assert (place / "x").read_text() == "new"


def test_a_link_in_the_place_of_a_folder_is_not_entered(folder, place):
    (place.parent / "elsewhere").mkdir()
    (place / "runs").symlink_to("../elsewhere")
    for make in (False, True):
        with pytest.raises(RunError, match="runs: cannot be changed; found a link; expected a fol"):
            folder.inside("runs", make=make)
    assert os.listdir(place.parent / "elsewhere") == []


def test_removing_takes_links_away_and_never_what_they_lead_to(folder, place):
    precious = place.parent / "precious"
    precious.mkdir()
    (precious / "a").write_text("a")
    (place / "tree" / "deep").mkdir(parents=True)
    (place / "tree" / "deep" / "link").symlink_to(precious)
    os.link(precious / "a", place / "tree" / "deep" / "hard")
    (place / "link").symlink_to(precious)
    for name in ("tree", "link", "nothing"):
        folder.remove(name)
    assert folder.names() == []
    assert (precious / "a").read_text() == "a"


def test_a_folder_that_a_link_replaces_is_still_the_one_that_is_written(folder, place):
    elsewhere = place.parent / "elsewhere"
    elsewhere.mkdir()
    place.rename(place.parent / "moved")
    place.symlink_to(elsewhere)
    folder.publish_text("a.txt", "a")
    folder.append("b.txt").close()
    folder.inside("c", make=True).close()
    folder.link("latest", "c")
    assert os.listdir(elsewhere) == []
    assert sorted(os.listdir(place.parent / "moved")) == ["a.txt", "b.txt", "c", "latest"]


def test_an_error_of_the_system_names_the_whole_path(folder, place):
    for change in (
        lambda: folder.inside("nothing"),
        lambda: folder.rename("nothing", "x"),
        lambda: folder.publish_text("nothing/x", ""),
    ):
        with pytest.raises(FileNotFoundError) as error:
            change()
        assert str(place / "nothing") in str(error.value)

"""A file has its final name only once it is whole."""

from __future__ import annotations

import pytest

from nnpipe.runs.publish import publish_text, published


def test_a_published_file_has_its_content_and_nothing_is_left_beside_it(tmp_path):
    publish_text(tmp_path / "a.txt", "grüße\n")
    assert (tmp_path / "a.txt").read_bytes() == "grüße\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_failure_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half():
        with published(path) as temporary:
            temporary.write_text("half of the new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]


def test_nothing_stands_under_the_final_name_while_it_is_written(tmp_path):
    path = tmp_path / "a.txt"
    with published(path) as temporary:
        temporary.write_text("content")
        assert not path.exists()
    assert path.exists()

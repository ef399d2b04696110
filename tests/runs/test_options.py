"""The output's root and name must be usable: options.py."""

from __future__ import annotations

import pytest

from nnpipe.runs.options import OutputOptions, check_output


@pytest.mark.parametrize("name", ["default", "a.b-c_9", "_x"])
def test_a_name_that_can_be_a_folder_is_accepted(name):
    assert list(check_output(OutputOptions(name=name), "output")) == []


@pytest.mark.parametrize("name", ["", ".hidden", "-x", "a/b", "..", "x" * 101])
def test_a_name_that_cannot_be_a_folder_is_refused(name):
    assert list(check_output(OutputOptions(name=name), "output")) == [
        f"output.name: {name!r} cannot name a folder; "
        "expected letters, digits, '_', '-' and '.', not beginning with '-' or '.'"
    ]


def test_an_empty_root_is_refused():
    assert list(check_output(OutputOptions(root=""), "output")) == [
        "output.root: found ''; expected a folder"
    ]

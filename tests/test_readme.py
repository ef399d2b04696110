"""Every command and every example of the README is run."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*)$", README, re.MULTILINE)


def test_the_python_examples_give_what_the_readme_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testfile(
        str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert attempted > 5
    assert failed == 0


@pytest.mark.slow
def test_the_console_examples_run_one_after_the_other(tmp_path, mnist):
    for path in mnist.iterdir():
        shutil.copy(path, tmp_path)
    assert len(COMMANDS) > 5
    for command in COMMANDS:
        first, *rest = shlex.split(command)
        words = [str(ROOT / word) if word.startswith("scripts/") else word for word in rest]
        program = {
            "python": sys.executable,
            "nnpipe": str(Path(sys.executable).with_name("nnpipe")),
        }[first]
        done = subprocess.run(
            [program, *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        expected = 2 if "sigmiod" in command else 0
        assert (done.returncode, done.stderr if expected == 0 else "") == (expected, ""), command

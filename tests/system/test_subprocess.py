"""A function in a process of its own, and the reason if that process is interrupted."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from nnpipe.system import subprocess
from nnpipe.system.subprocess import in_subprocess


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(subprocess, "MOMENT", 0.0)


def kill_itself(number):
    os.kill(os.getpid(), number)


def interrupt():
    raise KeyboardInterrupt


def test_a_normal_end_has_no_reason(tmp_path):
    assert in_subprocess((tmp_path / "made").mkdir) is None
    assert (tmp_path / "made").is_dir()


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        (kill_itself, (signal.SIGKILL,), "killed by SIGKILL"),
        (sys.exit, (3,), "its process ended with the exit status 3"),
        (interrupt, (), "its process ended with the exit status 130"),
    ],
)
def test_another_end_is_the_reason_for_an_interruption(function, arguments, reason):
    assert in_subprocess(function, *arguments) == reason

"""Open hostile files in children under limits: 1 GiB of address space, 10 s of processor time."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OPENER = Path(__file__).with_name("opener.py")


@dataclass
class Ended:
    """How a child ended."""

    status: int
    said: str
    seconds: float
    mebibytes: float
    answer: Any


@pytest.fixture(scope="session")
def _opener() -> Iterator[Callable[..., Ended]]:
    with subprocess.Popen(
        [sys.executable, str(OPENER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # The threads of a machine with many cores would fill the address space.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    ) as server:
        assert server.stdin
        assert server.stdout

        def ask(call: str, given: dict[str, Any], arguments: Sequence[str], folder: Path) -> Ended:
            request = {"call": call, "given": given, "arguments": arguments, "folder": str(folder)}
            server.stdin.write(json.dumps(request) + "\n")
            server.stdin.flush()
            return Ended(**json.loads(server.stdout.readline()))

        yield ask
        server.stdin.close()


@pytest.fixture
def attempt(_opener: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    """Return a function that runs nnpipe in tmp_path and tells how it ended within the limits."""

    def attempt(*arguments: str) -> Ended:
        ended = _opener("nnpipe.cli:main", {}, arguments, tmp_path)
        assert ended.seconds < 10
        assert ended.mebibytes < 300
        return ended

    return attempt


@pytest.fixture
def reading(_opener: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    """Return a function that calls one of readings.py and tells how it ended within the limits.

    The time is that of each thing that is read.
    """

    def reading(function: str, **given: Any) -> Ended:
        ended = _opener(f"readings:{function}", given, [], tmp_path)
        assert ended.status >= 0, f"ended by signal {-ended.status}"
        assert ended.mebibytes < 300
        return ended

    return reading


@pytest.fixture
def refused(attempt: Callable[..., Ended]) -> Callable[..., str]:
    """Return a function that runs nnpipe, which must refuse, and returns the one line it says."""

    def refused(*arguments: str, status: int = 2) -> str:
        ended = attempt(*arguments)
        assert (ended.status, ended.said.count("\n")) == (status, 1), ended.said
        return ended.said.rstrip("\n")

    return refused

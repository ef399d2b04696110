"""Open hostile files in children under limits: 1 GiB of address space, 10 s of processor time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.limits import Ended, Opener


@pytest.fixture(scope="session")
def opener() -> Iterator[Opener]:
    with Opener() as opener:
        yield opener


@pytest.fixture
def attempt(opener: Opener, tmp_path: Path) -> Callable[..., Ended]:
    """Return a function that runs nnpipe in tmp_path and tells how it ended within the limits."""

    def attempt(*arguments: str) -> Ended:
        ended = opener("nnpipe.cli.main:main", {}, arguments, tmp_path)
        assert ended.seconds < 10
        assert ended.mebibytes < 300
        return ended

    return attempt


@pytest.fixture
def reading(opener: Opener, tmp_path: Path) -> Callable[..., Ended]:
    """Return a function that calls one of readings.py and tells how it ended within the limits.

    The time is that of each thing that is read.
    """

    def reading(function: str, **given: Any) -> Ended:
        ended = opener(f"readings:{function}", given, [], tmp_path)
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

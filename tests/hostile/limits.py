"""Run nnpipe in forked children under limits, and tell how each of them ended; see opener.py."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 10
OPENER = Path(__file__).with_name("opener.py")


@dataclass
class Ended:
    """How a child ended; its seconds are those of the processor."""

    status: int
    said: str
    shown: str
    seconds: float
    mebibytes: float
    answer: Any


class Opener:
    """A process that has imported nnpipe, and forks a child for each request."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(OPENER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # The threads of a machine with many cores would fill the address space.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def __call__(
        self,
        call: str,
        given: Mapping[str, Any],
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        seconds: int = SECONDS,
    ) -> Ended:
        """Call a function in a folder, with a command line and an environment."""
        request = {
            "call": call,
            "given": given,
            "arguments": arguments,
            "folder": str(folder),
            "environment": dict(environment or {}),
            "seconds": seconds,
        }
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return Ended(**json.loads(self._server.stdout.readline()))

    def __enter__(self) -> "Opener":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

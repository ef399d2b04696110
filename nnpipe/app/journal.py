"""The journal of an Optuna study, in study.log in a sweep's folder: one JSON object a line.

Optuna's own backend is not used because it opens the file by path and follows links.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, cast

from nnpipe.errors import RunError
from nnpipe.runs.store.definition import STUDY
from nnpipe.runs.store.folder import Folder

_MOST_BYTES = 64 << 20


class Journal:
    """A backend for `optuna.storages.JournalStorage`.

    Parameters
    ----------
    folder : Folder
        The sweep's folder, locked by this process, so that no other process uses the file.

    Raises
    ------
    RunError
        If the file is not a journal.
    """

    def __init__(self, folder: Folder) -> None:
        self._file = folder.append(STUDY)
        self._entries: list[dict[str, Any]] = []
        self._file.seek(0)
        content = self._file.read(_MOST_BYTES + 1)
        # A killed process may have left an incomplete line.
        whole = content.rpartition(b"\n")[0]
        if len(whole) < len(content):
            self._file.truncate(len(whole) + 1 if whole else 0)
        try:
            if len(content) > _MOST_BYTES:
                raise ValueError
            self._entries = [_entry(line) for line in whole.splitlines()]
        except (ValueError, RecursionError) as error:
            problem = (
                f"{folder.path / STUDY}: cannot be read; expected at most {_MOST_BYTES >> 20} MiB "
                "of JSON lines. This file was not written by nnpipe, or was altered."
            )
            raise RunError(problem) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read_logs(self, log_number_from: int) -> Sequence[dict[str, Any]]:
        """Return the entries from the given number onwards."""
        return self._entries[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add entries to the file and flush them to disk."""
        lines = [json.dumps(entry, separators=(",", ":")).encode() + b"\n" for entry in logs]
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._entries += map(_entry, lines)


def _entry(line: bytes) -> dict[str, Any]:
    entry: Any = json.loads(line)
    if not isinstance(entry, dict):
        raise ValueError
    return cast("dict[str, Any]", entry)

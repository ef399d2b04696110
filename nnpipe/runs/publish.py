"""Give a file its final name only once it is whole: temporary name, fsync, rename."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def published(path: Path) -> Generator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well.

    The file is flushed to disk before the rename and the folder after it, so that after a crash
    the final name is either absent or leads to the whole file. When the block raises, the
    temporary file is removed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with published(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

"""Hold a folder of runs by its descriptor, and change only entries of that folder.

Every write, append, rename and removal in a run or a sweep goes through here. Names are looked up
in the opened folder, so replacing the folder by a link has no effect. Links inside it are never
followed, and temporary names are random.

References: openat(2), renameat(2), unlinkat(2) of POSIX; O_NOFOLLOW in open(2).
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nnpipe.errors import RunError
from nnpipe.runs.store.lock import lock

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {
    **{stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe"},
    **{stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a device", stat.S_IFCHR: "a device"},
}


class Folder:
    """An open folder; as a context manager it closes itself.

    Attributes
    ----------
    path : Path
        The opened path, for messages and for reading.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(cls, path: Path, *, follow: bool = False) -> Folder:
        """Open a folder.

        Parameters
        ----------
        follow : bool
            Whether the last name of the path may be a link; the names before it always may.

        Raises
        ------
        RunError
            If it is a link and `follow` is false.
        OSError
            If it is missing or is not a folder.
        """
        try:
            return cls(path, os.open(path, _FOLDER | (0 if follow else os.O_NOFOLLOW)))
        except OSError as error:
            if follow or not path.is_symlink():
                raise
            problem = f"{path}: is a link; expected a folder. Name the folder itself."
            raise RunError(problem) from error

    @property
    def is_open_to_all(self) -> bool:
        """Whether everyone may write to it."""
        return os.fstat(self._descriptor).st_mode & stat.S_IWOTH != 0

    def inside(self, name: str, *, make: bool = False, mode: int = 0o777) -> Folder:
        """Open a folder in this one; make it first if it is missing and `make` is true.

        Raises
        ------
        RunError
            If the name belongs to a link or to anything else that is not a folder.
        OSError
            If it is missing or cannot be made.
        """
        if make:
            with suppress(FileExistsError):
                self.make(name, mode)
        status = self._look(name)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            raise self._refusal(name, _kind(status), "a folder")
        with self._naming(name):
            opened = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self._descriptor)
        return Folder(self.path / name, opened)

    def make(self, name: str, mode: int = 0o777) -> None:
        """Make a folder in this one; it must not exist yet."""
        with self._naming(name):
            os.mkdir(name, mode, dir_fd=self._descriptor)

    @contextmanager
    def publish(self, name: str) -> Generator[BinaryIO]:
        """Yield a new file that gets its final name when the block ends without an error.

        The file is flushed before the rename and the folder after it: after a crash the final name
        is absent or leads to the complete file. If the block raises, the file is removed.

        Raises
        ------
        RunError
            If the final name belongs to something that must not be replaced: see `check`.
        """
        self.check(name)
        temporary = f".{name}.{secrets.token_hex(8)}.part"
        with self._naming(name):
            made = os.open(temporary, _FILE | os.O_EXCL, 0o666, dir_fd=self._descriptor)
        try:
            with open(self.path / name, "w+b", opener=lambda name, flags: made) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            self.rename(temporary, name)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=self._descriptor)
            raise
        self.sync()

    def publish_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file completely or not at all."""
        with self.publish(name) as file:
            file.write(text.encode("utf-8"))

    def append(self, name: str) -> BinaryIO:
        """Open a file for appending; make it if it is missing.

        Raises
        ------
        RunError
            If the name belongs to something that must not be changed: see `check`.
        """
        self.check(name)
        with self._naming(name):
            opened = os.open(name, _FILE | os.O_APPEND, 0o666, dir_fd=self._descriptor)
        file = open(opened, "a+b")  # noqa: SIM115  the caller closes it
        try:
            self._check(name, os.fstat(opened))
        except BaseException:
            file.close()
            raise
        return file

    @contextmanager
    def hold(self, name: str | None = None, refusal: str | None = None) -> Generator[None]:
        """Lock the folder, or a file in it, until the block ends; make the file if it is missing.

        On a file system without locks this does nothing, and a running run looks killed.

        Parameters
        ----------
        name : str, optional
            The file's name; without it the folder itself is locked.
        refusal : str, optional
            The error if another process has the lock. Without it, wait for that process.

        Raises
        ------
        RunError
            With the refusal.
        """
        if name is None:
            descriptor = os.open(".", _FOLDER, dir_fd=self._descriptor)
        else:
            with self.append(name) as file:
                descriptor = os.dup(file.fileno())
        try:
            lock(descriptor, refusal)
            yield
        finally:
            os.close(descriptor)

    def rename(self, name: str, to: str) -> None:
        """Rename an entry, and atomically replace one that has the new name."""
        with self._naming(name):
            here = self._descriptor
            os.replace(name, to, src_dir_fd=here, dst_dir_fd=here)

    def link(self, name: str, target: str) -> None:
        """Make a symbolic link, or atomically replace the one that has the name."""
        temporary = f".{name}.{secrets.token_hex(8)}.part"
        with self._naming(name):
            os.symlink(target, temporary, dir_fd=self._descriptor)
        try:
            self.rename(temporary, name)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=self._descriptor)
            raise

    def remove(self, name: str) -> None:
        """Remove an entry if it exists: a folder with its content, a link without its target."""
        status = self._look(name)
        if status is None:
            return
        with self._naming(name):
            if stat.S_ISDIR(status.st_mode):
                try:
                    shutil.rmtree(name, dir_fd=self._descriptor)
                except RecursionError as error:
                    raise self._refusal(name, "too deep", "the folder of a run") from error
            else:
                os.unlink(name, dir_fd=self._descriptor)

    def names(self) -> list[str]:
        """Return the names of the entries, in order."""
        return sorted(os.listdir(self._descriptor))

    def changed(self, name: str) -> float:
        """Return when an entry was last modified, in seconds since the epoch."""
        with self._naming(name):
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False).st_mtime

    def check_all(self, *folders: str) -> None:
        """Check every entry; only the named ones may be folders.

        Raises
        ------
        RunError
            For the first entry that must not be changed: see `check`.
        """
        for name in self.names():
            status = self._look(name)
            if status is None or (name in folders and stat.S_ISDIR(status.st_mode)):
                continue
            self._check(name, status)

    def check(self, name: str) -> None:
        """Check that an entry may be changed, if it exists.

        Raises
        ------
        RunError
            If it is a link, a folder, a pipe or a device; if it has several hard links; or if it
            belongs to another user in a folder that everyone may write to.
        """
        status = self._look(name)
        if status is not None:
            self._check(name, status)

    def sync(self) -> None:
        """Flush the entries to disk."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the folder."""
        os.close(self._descriptor)

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _look(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _check(self, name: str, status: os.stat_result) -> None:
        expected = "a file of the run's own"
        if not stat.S_ISREG(status.st_mode):
            raise self._refusal(name, _kind(status), expected)
        if status.st_nlink > 1:
            raise self._refusal(name, f"a file with {status.st_nlink} hard links", expected)
        if self.is_open_to_all and status.st_uid != os.geteuid():
            found = f"a file of user {status.st_uid} in a folder that everyone may write to"
            raise self._refusal(name, found, expected)

    def _refusal(self, name: str, found: str, expected: str) -> RunError:
        return RunError(
            f"{self.path / name}: cannot be changed; found {found}; expected {expected}. "
            "Remove it if it is not meant to be there."
        )

    @contextmanager
    def _naming(self, name: str) -> Generator[None]:
        """Put the whole path into errors of the system."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path / name)) from error


def _kind(status: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(status.st_mode), "a special file")

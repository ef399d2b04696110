"""Record a run while it is running: its log, its phases, and the manifest that seals it."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, TextIO

import yaml

from nnpipe.errors import one_line
from nnpipe.runs.store.crate import CRATE, write_crate
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Artifact, Manifest, Status, measure, write_manifest
from nnpipe.runs.store.open import CONFIG, LOG, OVERRIDES, PARAMETERS, RESULTS
from nnpipe.runs.store.provenance import blas, git_commit, software
from nnpipe.system.text import PrintableFormatter

logger = logging.getLogger("nnpipe")


def now() -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _LogFile(logging.StreamHandler[TextIO]):
    """A log file that drops lines on a full disk; the run itself reports the full disk."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the line."""


@dataclass
class Record:
    """A run in progress.

    Attributes
    ----------
    folder : Folder
        The folder, claimed for this run only.
    facts : dict
        What is known about the run so far, by field of the manifest.
    seconds : dict
        Wall time by phase.
    saved : list of str
        Names of the files in addition to those that every run has.
    artifacts : dict
        Files whose size and checksum are already known.
    """

    folder: Folder
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    saved: list[str] = field(default_factory=list[str])
    artifacts: dict[str, Artifact] = field(default_factory=dict[str, Artifact])
    started: str = field(default_factory=now)
    _begin: float = field(default_factory=time.perf_counter)

    def write_config(self, config: Mapping[str, Any], overrides: Sequence[str]) -> None:
        """Write the resolved config to config.yaml and the typed overrides to overrides.yaml."""
        text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
        self.folder.publish_text(CONFIG, text)
        typed = yaml.safe_dump(list(overrides), allow_unicode=True)
        self.folder.publish_text(OVERRIDES, typed)

    def save(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Add the file that `write` writes to the artifacts, completely or not at all."""
        self.saved.append(name)
        with self.folder.publish(name) as file:
            write(file)

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Add the wall time of the block to a phase."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    @contextmanager
    def log(self) -> Generator[None]:
        """Copy nnpipe's log into run.log, with tracebacks; lock the file during the block."""
        file = io.TextIOWrapper(self.folder.append(LOG), encoding="utf-8")
        handler = _LogFile(file)
        handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)-7s %(message)s"))
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            with self.folder.hold(LOG):
                yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            with suppress(OSError):
                file.close()

    def seal(self, status: Status, error: str | None = None) -> Manifest:
        """Write the manifest, the last file of a run; the files that it lists no longer change."""
        with self.phase("checksums"):
            names = dict.fromkeys((CONFIG, OVERRIDES, PARAMETERS, RESULTS, *self.saved))
            present = [name for name in names if (self.folder.path / name).is_file()]
            artifacts = {name: measure(self.folder.path / name) for name in present}
            if status == "complete":
                write_crate(self.folder, self.draft(status, error, artifacts))
                artifacts[CRATE] = measure(self.folder.path / CRATE)
        manifest = self.draft(status, error, artifacts)
        write_manifest(self.folder, manifest)
        return manifest

    def try_to_seal(self, status: Status, error: str) -> None:
        """Write the manifest of a failed run, if possible."""
        try:
            self.seal(status, error)
        except OSError as unsealed:
            logger.error("%s: no manifest: %s", self.folder.path, one_line(unsealed))

    def draft(
        self,
        status: Status,
        error: str | None = None,
        artifacts: Mapping[str, Artifact] | None = None,
    ) -> Manifest:
        """Return the manifest as of now."""
        seconds = self.seconds | {"total": time.perf_counter() - self._begin}
        return Manifest(
            status=status,
            error=error,
            started=self.started,
            ended=now(),
            seconds={name: round(value, 6) for name, value in seconds.items()},
            software=software(),
            blas=blas(),
            git_commit=git_commit(),
            artifacts={**(artifacts or {}), **self.artifacts},
            **self.facts,
        )

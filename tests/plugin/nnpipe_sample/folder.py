"""A source that reads a folder of .npy files, whose numbers are the labels of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nnpipe.config.kind import MISSING, Kind
from nnpipe.config.options import option
from nnpipe.errors import DataError
from nnpipe.sources.options import InputOptions


@dataclass(frozen=True)
class FolderOptions(InputOptions):
    path: str = option(MISSING, "the folder")
    pattern: str = option("*.npy", "which files")


class FolderSource:
    block = 1

    def __init__(self, options, seed, key):
        self.key, self._folder = key, Path(options.path).absolute()
        self._files = sorted(self._folder.glob(options.pattern))
        if not self._files:
            problem = f"{key}.path: no file in {options.path} is {options.pattern}"
            raise DataError(problem)
        parts = [np.load(file) for file in self._files]
        self._x = np.concatenate(parts)
        self._labels = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        self._seen = self._stamps()
        self.samples, self.features = self._x.shape
        self.dtype, self.rows = self._x.dtype, range(self.samples)
        self.closed = False

    def _stamps(self):
        return [file.stat().st_mtime_ns for file in self._files]

    def read(self, start, stop):
        return self._x[start:stop].copy()

    def labels(self, start, stop):
        return self._labels[start:stop]

    def fingerprint(self):
        names = [file.name for file in self._files]
        return {"kind": "folder", "path": str(self._folder), "files": names}

    def paths(self):
        return {"path": str(self._folder)}

    def check_unchanged(self):
        if self._stamps() != self._seen:
            problem = f"{self.key}.path: {self._folder} has changed"
            raise DataError(problem)

    def close(self):
        self.closed = True


folder = Kind(FolderOptions, lambda options: partial(FolderSource, options))

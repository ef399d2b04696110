"""The parts of a sharded run's results: one file a shard, with a receipt once it is whole.

``results/part-00042.h5`` is a results file of its shard's samples alone. Beside it, until the run
is complete, ``results/part-00042.json`` says what the part was made of, its size and its SHA-256,
and what was tallied, so that a part is made once whatever becomes of its run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import DTypeLike, NDArray

from nnpipe.errors import RunError
from nnpipe.hdf5 import find_dataset
from nnpipe.hdf5.artifact import open_artifact
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import Artifact, is_part, measure
from nnpipe.runs.store.results import READABLE, ResultsWriter
from nnpipe.system.documents import read_json

FOLDER = "results"

_BYTES = 16 << 20


def part_name(number: int) -> str:
    """Return the name of a shard's part, relative to the run's folder.

    >>> part_name(42)
    'results/part-00042.h5'
    """
    return f"{FOLDER}/part-{number:05d}.h5"


class PartSink:
    """A sink for the samples of one shard, in a file that holds no others."""

    def __init__(self, writer: ResultsWriter, rows: range) -> None:
        self._writer = writer
        self._rows = rows

    def create(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, dims: tuple[str, ...], title: str
    ) -> None:
        """Announce a dataset of all samples; see `Sink.create`."""
        self._writer.create(name, (len(self._rows), *shape[1:]), dtype, dims, title)

    def write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Store samples, counted as in the whole input; see `Sink.write`."""
        self._writer.write(name, start - self._rows.start, rows)


@dataclass(frozen=True)
class Receipt:
    """What is known of a part that is whole.

    Parameters
    ----------
    key : str
        Tells what the part was made of: of parameters, input and config.
    rows : range
        The samples that it holds.
    artifact : Artifact
        Its size and its SHA-256.
    tally : mapping
        What was tallied of its samples, as `Metrics.state` returns it.
    """

    key: str
    rows: range
    artifact: Artifact
    tally: Mapping[str, Any]


def write_receipt(
    folder: Folder, part: str, key: str, rows: range, tally: Mapping[str, Any]
) -> Receipt:
    """Measure a part that was published in a folder and say so beside it."""
    artifact = measure(folder.path / part)
    content = {
        "key": key,
        "rows": [rows.start, rows.stop],
        "size": artifact.size,
        "sha256": artifact.sha256,
        "tally": tally,
    }
    folder.publish_text(str(Path(part).with_suffix(".json")), json.dumps(content))
    return Receipt(key, rows, artifact, tally)


def read_receipt(part: Path, key: str, rows: range) -> Receipt | None:
    """Return a part's receipt, if the part is whole, unaltered, and made of what the key tells."""
    try:
        content = read_json(part.with_suffix(".json"))
        if [content["key"], content["rows"]] != [key, [rows.start, rows.stop]]:
            return None
        artifact = Artifact(content["size"], content["sha256"])
        # A file of another size, which may be endless, is not read.
        if part.lstat().st_size != artifact.size or measure(part) != artifact:
            return None
        if not isinstance(content["tally"], dict):
            return None
        return Receipt(key, rows, artifact, content["tally"])
    except (OSError, RunError, ValueError, KeyError, TypeError):
        return None


def copy_part(part: Path, rows: range, writer: ResultsWriter) -> None:
    """Copy the samples of a part to their rows of another results file."""
    with open_artifact(part, "results", READABLE) as file:
        for name in writer.sampled:
            dataset: Any = find_dataset(file, name, "results")
            step = _step(dataset)
            for start in range(0, len(rows), step):
                writer.write(name, rows.start + start, dataset[start : start + step])


def _step(dataset: Any) -> int:
    """Return how many samples to copy together: those of a chunk, as long as they are few."""
    row_bytes = max(1, dataset.nbytes // max(1, len(dataset)))
    return max(1, min(dataset.chunks[0] if dataset.chunks else len(dataset), _BYTES // row_bytes))


def tidy(folder: Folder, keep: bool) -> None:
    """Remove what a complete run needs no more: everything, or all but the parts."""
    if not keep:
        folder.remove(FOLDER)
        return
    with folder.inside(FOLDER) as parts:
        for name in parts.names():
            if not is_part(f"{FOLDER}/{name}"):
                parts.remove(name)

"""The parts of a sharded run's results: one file for each shard, with a receipt once complete.

``results/part-00042.h5`` is a results file with the samples of one shard. Until the run is
complete, ``results/part-00042.json`` holds a hash of what the part was computed from, the part's
size, SHA-256 and metrics. A resumed run reads these receipts and keeps the complete parts.
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
    """A sink that writes the samples of one shard into a file of their own."""

    def __init__(self, writer: ResultsWriter, rows: range) -> None:
        self._writer = writer
        self._rows = rows

    def create(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, dims: tuple[str, ...], title: str
    ) -> None:
        """Announce a dataset of all samples; see `Sink.create`."""
        self._writer.create(name, (len(self._rows), *shape[1:]), dtype, dims, title)

    def write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Store samples, numbered as in the whole input; see `Sink.write`."""
        self._writer.write(name, start - self._rows.start, rows)


@dataclass(frozen=True)
class Receipt:
    """The record of a complete part.

    Parameters
    ----------
    key : str
        Hash of the parameters, input and config that the part was computed from.
    rows : range
        The samples that it holds.
    artifact : Artifact
        Its size and SHA-256.
    metrics : mapping
        The metrics of its samples, as `Metrics.state` returns them; `tally` in the JSON file.
    """

    key: str
    rows: range
    artifact: Artifact
    metrics: Mapping[str, Any]


def write_receipt(
    folder: Folder, part: str, key: str, rows: range, metrics: Mapping[str, Any]
) -> Receipt:
    """Write the receipt of a part that was published in a folder, and return it."""
    artifact = measure(folder.path / part)
    content = {
        "key": key,
        "rows": [rows.start, rows.stop],
        "size": artifact.size,
        "sha256": artifact.sha256,
        "tally": metrics,
    }
    folder.publish_text(str(Path(part).with_suffix(".json")), json.dumps(content))
    return Receipt(key, rows, artifact, metrics)


def read_receipt(part: Path, key: str, rows: range) -> Receipt | None:
    """Return a part's receipt if the part is complete, unaltered, and has this key; else None."""
    try:
        content = read_json(part.with_suffix(".json"))
        if [content["key"], content["rows"]] != [key, [rows.start, rows.stop]]:
            return None
        artifact = Artifact(content["size"], content["sha256"])
        # Compare sizes first: a file of another size may be endless.
        if part.lstat().st_size != artifact.size or measure(part) != artifact:
            return None
        if not isinstance(content["tally"], dict):
            return None
        return Receipt(key, rows, artifact, content["tally"])
    except (OSError, RunError, ValueError, KeyError, TypeError):
        return None


def copy_part(part: Path, rows: range, writer: ResultsWriter) -> None:
    """Copy the samples of a part to their rows in another results file."""
    with open_artifact(part, "results", READABLE) as file:
        for name in writer.sampled:
            dataset: Any = find_dataset(file, name, "results")
            step = _step(dataset)
            for start in range(0, len(rows), step):
                writer.write(name, rows.start + start, dataset[start : start + step])


def _step(dataset: Any) -> int:
    """Return how many samples to copy at a time: one chunk, or fewer if a chunk is large."""
    row_bytes = max(1, dataset.nbytes // max(1, len(dataset)))
    return max(1, min(dataset.chunks[0] if dataset.chunks else len(dataset), _BYTES // row_bytes))


def tidy(folder: Folder, keep: bool) -> None:
    """Remove what a complete run no longer needs: everything, or all but the parts."""
    if not keep:
        folder.remove(FOLDER)
        return
    with folder.inside(FOLDER) as parts:
        for name in parts.names():
            if not is_part(f"{FOLDER}/{name}"):
                parts.remove(name)

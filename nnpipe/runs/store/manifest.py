"""The manifest: a run's status, metrics, provenance and table of contents."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, NoReturn, cast

from nnpipe.errors import RunError
from nnpipe.runs.store.folder import Folder
from nnpipe.system.documents import read_json
from nnpipe.system.files import open_regular
from nnpipe.system.text import finite

FILE = "manifest.json"
SCHEMA_VERSION = 2
VERSIONS = (1, 2)
"""The versions of the manifest that can be read."""

_FORMER = {1: {"metrics": "figures"}}
"""The names of fields in manifests of earlier versions."""

Status = Literal["complete", "failed", "interrupted"]
STATUSES = ("complete", "failed", "interrupted")

PART = re.compile(r"results/part-\d{5}\.h5", re.ASCII)
"""The names of the files in which a sharded run stores its results."""


def is_part(name: str) -> bool:
    """Return whether an artifact is a part of the results, by its name."""
    return PART.fullmatch(name) is not None


@dataclass(frozen=True)
class Artifact:
    """A file of a run: its size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The content of manifest.json.

    Attributes
    ----------
    status : str
        complete, failed or interrupted.
    error : str or None
        One line, for a run that is not complete.
    kind : str
        run or sweep.
    started, ended : str
        ISO 8601, UTC.
    seconds : mapping
        Wall time by phase, and `total`.
    metrics : mapping
        What the stages measured. JSON has no NaN; a metric that is not finite is null.
    network : list of mapping
        By layer: name, kind (dense if missing), activation, inputs, neurons, arrays, parameters.
    input : mapping
        The fingerprint of the input: kind, path, size, mtime_ns, dataset, shape, dtype; inside it
        those of the labels, and of the validation and test inputs. `paths` are the files read, by
        option, in the same form for every source.
    source_run : str or None
        The run that the parameters come from.
    software, blas, git_commit
        Versions, the BLAS library with its kernel and threads, the commit of the working folder.
    artifacts : mapping of str to Artifact
        By file name.
    schema_version : int
        The version of the file. Version 1 calls the field `metrics` `figures`.
    """

    status: Status
    started: str
    ended: str
    kind: str = "run"
    error: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    seed: int | None = None
    dtype: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    network: Sequence[Mapping[str, Any]] = ()
    input: Mapping[str, Any] = field(default_factory=dict[str, Any])
    source_run: str | None = None
    software: Mapping[str, str] = field(default_factory=dict[str, str])
    blas: Sequence[Mapping[str, Any]] = ()
    git_commit: str | None = None
    artifacts: Mapping[str, Artifact] = field(default_factory=dict[str, Artifact])
    schema_version: int = SCHEMA_VERSION

    @property
    def fingerprint(self) -> dict[str, Any]:
        """The input without `paths`, whose content is in other fields too."""
        return _without_paths(self.input)


def _without_paths(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_paths(cast("Mapping[str, Any]", value))
        if isinstance(value, Mapping)
        else value
        for name, value in values.items()
        if name != "paths"
    }


def write_manifest(folder: Folder, manifest: Manifest) -> None:
    """Write manifest.json in the current version, completely or not at all."""
    content = finite(asdict(replace(manifest, schema_version=SCHEMA_VERSION)))
    folder.publish_text(FILE, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of a run or a sweep, of any version up to the current one.

    Raises
    ------
    RunError
        If it is missing, or not what nnpipe writes.
    """
    path = folder / FILE
    try:
        content = read_json(path)
    except FileNotFoundError:
        problem = (
            f"{folder}: no {FILE}; expected the folder of a finished run. "
            "The run is still running, or was killed, or this is not a run."
        )
        raise RunError(problem) from None
    return _checked(content, path)


_TYPES: dict[str, tuple[type, ...]] = {
    "status": (str,),
    "started": (str,),
    "ended": (str,),
    "kind": (str,),
    "error": (str, type(None)),
    "seconds": (dict,),
    "seed": (int, type(None)),
    "dtype": (str, type(None)),
    "metrics": (dict,),
    "network": (list,),
    "input": (dict,),
    "source_run": (str, type(None)),
    "software": (dict,),
    "blas": (list,),
    "git_commit": (str, type(None)),
    "artifacts": (dict,),
    "schema_version": (int,),
}

MOST_NEURONS = (1 << 31) - 1
"""Most neurons or inputs of a layer: the greatest index of BLAS."""

MOST_BYTES = (1 << 63) - 1
_LARGEST = 1 << 64


def _is_layer(entry: Any) -> bool:
    match entry:
        case {"name": str(), "activation": str(), "inputs": int(inputs), "neurons": int(neurons)}:
            texts = all(isinstance(entry.get(key, ""), str) for key in ("kind", "arrays"))
            sizes = all(type(n) is int and 1 <= n <= MOST_NEURONS for n in (inputs, neurons))
            return texts and sizes and _is_size(entry.get("parameters", 0))
        case _:
            return False


def _is_size(entry: Any) -> bool:
    return type(entry) is int and 0 <= entry <= MOST_BYTES


def _is_number(entry: Any) -> bool:
    """Return whether an entry is a number small enough to compute with."""
    return isinstance(entry, int | float) and not isinstance(entry, bool) and abs(entry) < _LARGEST


def _are_bounded(entry: Any) -> bool:
    """Return whether every integer in an entry fits 64 bits."""
    waiting = [entry]
    while waiting:
        found: Any = waiting.pop()
        if isinstance(found, int) and not -_LARGEST < found < _LARGEST:
            return False
        if isinstance(found, dict | list):
            inside = cast("dict[Any, Any] | list[Any]", found)
            waiting += inside.values() if isinstance(inside, dict) else inside
    return True


_WITHIN: dict[str, Callable[[Any], bool]] = {
    "seconds": lambda entry: _is_number(entry) and entry >= 0,
    "metrics": _are_bounded,
    "input": _are_bounded,
    "network": _is_layer,
    "software": lambda entry: isinstance(entry, str),
    "blas": lambda entry: isinstance(entry, dict) and _are_bounded(entry),
}
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch


def _checked(content: Any, path: Path) -> Manifest:
    def refuse(what: str) -> NoReturn:
        problem = f"{path}: {what}. This file was not written by nnpipe, or was altered."
        raise RunError(problem)

    if not isinstance(content, dict):
        refuse("not a JSON object")
    values = cast("dict[str, Any]", content)
    version = values.get("schema_version")
    if version not in VERSIONS:
        readable = " or ".join(map(str, VERSIONS))
        problem = (
            f"{path}: schema_version: found {version!r}; expected {readable}. "
            "Open it with the version of nnpipe that wrote it."
        )
        raise RunError(problem)
    former = _FORMER.get(version, {})
    known: dict[str, Any] = {}
    for name in (entry.name for entry in fields(Manifest)):
        stored = former.get(name, name)
        if stored not in values:
            refuse(f"{stored} is missing")
        if not isinstance(values[stored], _TYPES[name]) or isinstance(values[stored], bool):
            refuse(f"{stored} is of the wrong type")
        known[name] = values[stored]
    if known["status"] not in STATUSES:
        refuse(f"status is {known['status']!r}; expected one of {', '.join(STATUSES)}")
    for name, fits in _WITHIN.items():
        inside: Any = known[name]
        entries = cast("Iterable[Any]", inside.values() if isinstance(inside, dict) else inside)
        if not all(fits(entry) for entry in entries):
            refuse(f"{former.get(name, name)} holds something of the wrong type")
    artifacts: dict[str, Artifact] = {}
    for name, entry in cast("dict[str, Any]", known["artifacts"]).items():
        if not is_part(name) and (Path(name).name != name or name in {"", ".", ".."}):
            refuse(f"artifact {name!r} is not the name of a file in the folder")
        match entry:
            case {"size": int(size), "sha256": str(sha256)} if _is_size(size) and _SHA256(sha256):
                artifacts[name] = Artifact(size, sha256)
            case _:
                refuse(f"artifact {name!r} lacks its size or its sha256")
    known["artifacts"] = artifacts
    return Manifest(**known)


def measure(path: Path, inside: Path | None = None) -> Artifact:
    """Return the size and the SHA-256 of a file.

    Parameters
    ----------
    path : Path
    inside : Path, optional
        A folder above the file; no link below it is followed. Without it, only the file itself
        must not be a link.

    Raises
    ------
    OSError, ValueError
        If it is not a regular file that can be read.
    """
    with open_regular(path, inside) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Artifact(file.tell(), digest)


def verify(folder: Path, manifest: Manifest) -> list[str]:
    """Return one line for each listed artifact that is missing or altered."""
    problems: list[str] = []
    for name, expected in manifest.artifacts.items():
        path = folder / name
        try:
            with open_regular(path, folder) as file:
                size = os.fstat(file.fileno()).st_size
                # Compare sizes first: a file of another size may be endless.
                fits = size == expected.size
                same = fits and hashlib.file_digest(file, "sha256").hexdigest() == expected.sha256
        except (OSError, ValueError):
            problems.append(f"{path}: missing; the manifest lists it")
            continue
        if not fits:
            problems.append(f"{path}: altered; found {size} bytes; expected {expected.size}")
        elif not same:
            problems.append(f"{path}: altered; its SHA-256 is not the one in the manifest")
    return problems

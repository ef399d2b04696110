"""sweep.yaml: what a sweep was asked to do, written before its first job, for resuming it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import yaml

from nnpipe.config.moved import move_keys
from nnpipe.errors import RunError
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import SCHEMA_VERSION
from nnpipe.system.documents import read_yaml

SWEEP, RUNS, STUDY = "sweep.yaml", "runs", "study.log"


@dataclass(frozen=True)
class Definition:
    """What a sweep was asked to do.

    Attributes
    ----------
    started : str
        ISO 8601, UTC.
    directory : str
        The working folder, in which relative paths begin.
    task, hydra : sequence of str
        The overrides that were typed: those of the config, and those of Hydra itself.
    config : mapping
        The config that all jobs share, before what is swept is set.
    params : mapping
        What is swept beside what was typed.
    schema_version : int
        That of the config; a file of version 1 does not say it.
    """

    started: str
    directory: str
    task: Sequence[str] = ()
    hydra: Sequence[str] = ()
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    schema_version: int = SCHEMA_VERSION


def write_definition(folder: Folder, definition: Definition) -> None:
    """Write sweep.yaml into a sweep's folder."""
    content = {
        name: list(value) if name in ("task", "hydra") else value
        for name, value in asdict(definition).items()
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    folder.publish_text(SWEEP, text)


def read_definition(folder: Path) -> Definition:
    """Read sweep.yaml; the keys of its config get their current names.

    Raises
    ------
    RunError
        If it is missing, or not what `write_definition` writes.
    """
    path = folder / SWEEP
    try:
        content = read_yaml(path)
    except FileNotFoundError:
        problem = f"{folder}: no {SWEEP}; expected the folder of a sweep."
        raise RunError(problem) from None
    types: dict[str, type] = {
        "started": str,
        "directory": str,
        "task": list,
        "hydra": list,
        "config": dict,
        "params": dict,
        "schema_version": int,
    }
    values: dict[str, Any] = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    values = {"schema_version": 1, **values}
    for name in (entry.name for entry in fields(Definition)):
        if not isinstance(values.get(name), types[name]):
            problem = f"{path}: {name} is missing or of the wrong type. The file was altered."
            raise RunError(problem)
    if values["schema_version"] not in (1, SCHEMA_VERSION):
        problem = (
            f"{path}: schema_version: found {values['schema_version']}; expected 1 or "
            f"{SCHEMA_VERSION}. Resume it with the version of nnpipe that wrote it."
        )
        raise RunError(problem)
    known: dict[str, Any] = {name: values[name] for name in types}
    known["config"] = move_keys(known["config"])[0]
    return Definition(**known)

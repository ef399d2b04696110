"""sweep.yaml: the request for a sweep, written before its first job, so that it can resume."""

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
    """The request for a sweep.

    Attributes
    ----------
    started : str
        ISO 8601, UTC.
    directory : str
        The working folder; relative paths start there.
    task, hydra : sequence of str
        The overrides typed for the config, and those typed for Hydra itself.
    config : mapping
        The config that all jobs share, before the swept keys are set.
    params : mapping
        Swept keys in addition to those that were typed.
    schema_version : int
        The version of the config; files of version 1 do not contain it.
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
    """Read sweep.yaml, with the config's keys under their current names.

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

"""Show one run or sweep: its config, network, metrics and files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml

from nnpipe.config.defaults import complete
from nnpipe.config.registry import unknown
from nnpipe.errors import RunError
from nnpipe.runs.inspect.address import label
from nnpipe.runs.inspect.columns import age_text, align, short, size_text
from nnpipe.runs.inspect.command_result import CommandResult
from nnpipe.runs.inspect.state import State, look
from nnpipe.runs.inspect.sweep import column_of, read_jobs
from nnpipe.runs.store.manifest import Artifact
from nnpipe.runs.store.open import CONFIG, OVERRIDES
from nnpipe.system import documents


def show(folder: Path, root: Path, by: str | None = None, lowest: bool = False) -> CommandResult:
    """Return everything that is known about a run, or the table of a sweep's jobs.

    Parameters
    ----------
    folder, root : Path
        The run's folder, and the folder of all runs.
    by : str, optional
        The metric, or any other column, that ranks the jobs of a sweep, the greatest first.
    lowest : bool
        Rank the lowest first.

    Raises
    ------
    RunError
        If no job has the metric.
    """
    state = look(folder)
    facts = [
        (state.kind, label(folder, root)),
        ("status", state.status),
        ("age", age_text(state.age)),
        ("size", size_text(state.size)),
    ]
    error = state.manifest.error if state.manifest else state.problem
    if error:
        facts.append(("error", error))
    data: dict[str, Any] = {
        "run": label(folder, root),
        "path": str(folder.absolute()),
        "kind": state.kind,
        "status": state.status,
        "manifest": asdict(state.manifest) if state.manifest else None,
    }
    if state.kind == "sweep":
        rows = rank(read_jobs(folder), by, lowest)
        return CommandResult(f"{align(facts)}\n\n{_jobs_table(rows)}", data | {"jobs": rows})
    config = read_yaml(folder / CONFIG)
    if isinstance(config, dict):
        config = complete(cast("dict[str, Any]", config))
    data |= {"config": config, "overrides": read_yaml(folder / OVERRIDES)}
    parts = [align(facts), *_parts(state), _files(folder, state)]
    if isinstance(config, dict):
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        parts.append(f"config\n{_indented(text.rstrip())}")
    return CommandResult("\n\n".join(parts), data)


def read_yaml(path: Path) -> Any:
    """Return the value in a YAML file of a run, or None if it cannot be read."""
    try:
        return documents.read_yaml(path)
    except (OSError, RunError):
        return None


def rank(rows: list[dict[str, Any]], by: str | None, lowest: bool = False) -> list[dict[str, Any]]:
    """Sort a sweep's rows by a column of numbers; rows without it come last. See `column_of`."""
    if by is None:
        return rows
    by = column_of(by, {name for row in rows for name in row})
    having = [row for row in rows if isinstance(row.get(by), int | float)]
    if not having:
        metrics = {
            name for row in rows for name, value in row.items() if isinstance(value, int | float)
        }
        problem = f"--by: {unknown(by, 'a metric of this sweep', metrics)}"
        raise RunError(problem)
    rest = [row for row in rows if row not in having]
    return sorted(having, key=lambda row: row[by], reverse=not lowest) + rest


def _jobs_table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "no jobs"
    columns = [name for name in dict.fromkeys(n for row in rows for n in row) if name != "path"]
    numeric = [
        place
        for place, name in enumerate(columns)
        if any(isinstance(row.get(name), int | float) for row in rows)
    ]
    return align([columns, *([short(row.get(name)) for name in columns] for row in rows)], numeric)


def _parts(state: State) -> list[str]:
    manifest = state.manifest
    if manifest is None:
        return []
    parts: list[str] = []
    if manifest.network:
        rows: list[Sequence[Any]] = [("layer", "kind", "activation", "arrays", "parameters")]
        for layer in manifest.network:
            neurons, columns = int(layer["neurons"]), int(layer["inputs"]) + 1
            shapes = layer.get("arrays", f"{neurons} × {columns}")
            count = f"{layer.get('parameters', neurons * columns):,}"
            kind = layer.get("kind", "dense")
            rows.append((layer["name"], kind, layer["activation"], shapes, count))
        parts.append(align(rows, right=(4,)))
    if manifest.metrics:
        parts.append(f"metrics\n{_indented(align(list(flat(manifest.metrics).items())))}")
    seconds = [(name, f"{value:.3f} s") for name, value in manifest.seconds.items()]
    if seconds:
        parts.append(f"time\n{_indented(align(seconds, right=(1,)))}")
    origin = [("input", " ".join(f"{k}={v}" for k, v in manifest.fingerprint.items()))]
    origin.append(("software", " ".join(f"{k} {v}" for k, v in manifest.software.items())))
    if manifest.source_run:
        origin.append(("source_run", manifest.source_run))
    if manifest.git_commit:
        origin.append(("git_commit", manifest.git_commit))
    parts.append(align(origin))
    return parts


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with dotted keys and short texts.

    >>> flat({"samples": 3, "outputs": {"min": 0.25}})
    {'samples': '3', 'outputs.min': '0.25'}
    """
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat(cast("Mapping[str, Any]", value), f"{before}{name}.")
        elif isinstance(value, list):
            rows = cast("list[Any]", value)
            result[f"{before}{name}"] = " × ".join(map(str, np.shape(rows))) or "[]"
        else:
            result[f"{before}{name}"] = short(value)
    return result


def _files(folder: Path, state: State) -> str:
    listed = state.manifest.artifacts if state.manifest else dict[str, Artifact]()
    rows: list[Sequence[str]] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_file(follow_symlinks=False):
            artifact = listed.get(entry.name)
            size = size_text(entry.stat(follow_symlinks=False).st_size)
            rows.append((entry.name, size, f"sha256 {artifact.sha256}" if artifact else ""))
    return f"files\n{_indented(align(rows, right=(1,)) if rows else 'none')}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))

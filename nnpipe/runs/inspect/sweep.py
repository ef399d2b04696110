"""Collect the runs of a sweep from disk into sweep.csv, a table and a manifest."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from nnpipe.config.registry import unknown
from nnpipe.errors import ConfigError, RunError
from nnpipe.runs.inspect.state import jobs, look
from nnpipe.runs.store.definition import STUDY, SWEEP, read_definition
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.lock import is_held
from nnpipe.runs.store.manifest import Manifest, measure, write_manifest
from nnpipe.runs.store.open import LOG, OVERRIDES
from nnpipe.runs.store.provenance import software
from nnpipe.runs.store.record import now
from nnpipe.system.documents import read_text, read_yaml
from nnpipe.system.text import from_cell, to_cell

TABLE = "sweep.csv"


def read_jobs(folder: Path) -> list[dict[str, Any]]:
    """Return one row for each job of a sweep, in the order of their numbers.

    A row holds the job's number, overrides by key, status, numeric metrics, seconds, error if any,
    and the path of its run within the sweep.
    """
    rows: list[dict[str, Any]] = []
    for job in jobs(folder):
        with suppress(FileNotFoundError):  # it was removed since the folder was listed
            rows.append(_row(folder, job))
    return rows


def _row(folder: Path, job: Path) -> dict[str, Any]:
    state = look(job)
    row: dict[str, Any] = {"job": job.name} | read_overrides(job) | {"status": state.status}
    manifest = state.manifest
    if manifest is None:
        return row | {"path": str(job.relative_to(folder))}
    for name, value in manifest.metrics.items():
        if isinstance(value, int | float):
            row[name] = value
        elif isinstance(value, dict):
            numbers = cast("dict[str, Any]", value).items()
            row |= {f"{name}.{key}": number for key, number in numbers}
    row["seconds"] = manifest.seconds.get("total")
    if manifest.error is not None:
        row["error"] = manifest.error
    return row | {"path": str(job.relative_to(folder))}


def read_overrides(folder: Path) -> dict[str, str]:
    """Return the overrides typed for a run, by key; none if the folder is a link."""
    if folder.is_symlink():
        return {}
    try:
        typed = read_yaml(folder / OVERRIDES)
    except (OSError, RunError):
        return {}
    lines = cast("list[Any]", typed) if isinstance(typed, list) else []
    pairs = [str(line).partition("=") for line in lines]
    return {key.lstrip("+~"): value for key, _, value in pairs}


def job_line(job: Path) -> str:
    """Return the line that reports the end of a job."""
    row = _row(job.parents[1], job)
    typed = " ".join(f"{key}={value}" for key, value in read_overrides(job).items())
    facts = [f"{row['seconds']:.3f} s"] if row.get("seconds") is not None else []
    if row.get("evaluation.accuracy") is not None:
        facts.append(f"{row['evaluation.input']} accuracy {row['evaluation.accuracy']:.2%}")
    elif row.get("accuracy") is not None:
        facts.append(f"accuracy {row['accuracy']:.2%}")
    if "error" in row:
        facts.append(row["error"])
    return f"{row['job']}  {row['status']:<11}  {typed}  {'  '.join(facts)}".rstrip()


def column_of(name: str, columns: Collection[str]) -> str:
    """Return the column of sweep.csv that a metric's name stands for.

    Without a prefix it is the number of the evaluation, if there is one: ``accuracy`` is
    ``evaluation.accuracy`` rather than the accuracy on the training samples.
    """
    judged = f"evaluation.{name}"
    return judged if judged in columns else name


def metric_of(job: Path, name: str | None) -> float | None:
    """Return a metric of a job by its name in sweep.csv, or None for a job that failed.

    Raises
    ------
    ConfigError
        If a complete job has no such metric.
    """
    row = _row(job.parents[1], job)
    if name is None or row["status"] != "complete":
        return None
    metrics = {key: value for key, value in row.items() if isinstance(value, int | float)}
    name = column_of(name, metrics)
    if name not in row:
        raise ConfigError([f"output.metric: {unknown(name, 'a metric of this run', metrics)}"])
    return metrics.get(name)


def add_row(folder: Folder, job: str) -> None:
    """Add the row of a finished job to sweep.csv, which other processes may write too."""
    sweep = folder.path
    with folder.inside("runs") as runs, runs.hold():
        rows = [row for row in _read_table(sweep) if row["job"] != job]
        rows.append(_row(sweep, sweep / "runs" / job))
        _write_table(folder, sorted(rows, key=lambda row: int(row["job"])))


def _read_table(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of sweep.csv, or none if it cannot be read: the end rewrites it."""
    try:
        lines = csv.reader(io.StringIO(read_text(folder / TABLE), newline=""))
        head = [from_cell(name) for name in next(lines)]
        rows = [dict(zip(head, map(from_cell, line), strict=True)) for line in lines]
    except (OSError, RunError, ValueError, StopIteration, csv.Error):
        return []
    return [row for row in rows if row.get("job", "").isdecimal()]


def _write_table(folder: Folder, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for last in ("error", "path"):
        if last in columns:
            columns.append(columns.pop(columns.index(last)))
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(map(to_cell, columns))
    writer.writerows([to_cell(row.get(name)) for name in columns] for row in rows)
    folder.publish_text(TABLE, table.getvalue())


Illustrate = Callable[[Folder, Manifest, Sequence[Mapping[str, Any]]], tuple[list[str], str]]
"""``illustrate(folder, manifest, rows)`` draws a sweep; returns the files and a note for users."""


def let_jobs_end(folder: Path, seconds: float = 5.0) -> None:
    """Wait a little for interrupted jobs in other processes to write their manifests."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(is_held(log) for log in folder.glob(f"runs/*/{LOG}")):
            return
        time.sleep(0.05)


def finish_sweep(
    folder: Folder, *, interrupted: bool = False, illustrate: Illustrate | None = None
) -> tuple[str, bool]:
    """Write sweep.csv, the sweep's report and its manifest.

    Returns
    -------
    text : str
        The lines that end a sweep, with a table of the jobs that are not complete.
    complete : bool
        Whether every job is complete.
    """
    sweep = folder.path
    if interrupted:
        let_jobs_end(sweep)
    rows = read_jobs(sweep)
    _write_table(folder, rows)

    counts = Counter(str(row["status"]) for row in rows)
    complete = bool(rows) and counts["complete"] == len(rows) and not interrupted
    status = "interrupted" if interrupted else "complete" if complete else "failed"
    manifest = Manifest(
        status=status,
        kind="sweep",
        error=None if complete else f"{len(rows) - counts['complete']} jobs are not complete",
        started=read_definition(sweep).started,
        ended=now(),
        metrics={"jobs": len(rows), **counts},
        software=software(),
    )
    drawn, note = illustrate(folder, manifest, rows) if illustrate else ([], "")
    artifacts = {
        name: measure(sweep / name)
        for name in (SWEEP, TABLE, STUDY, *drawn)
        if (sweep / name).is_file()
    }
    write_manifest(folder, replace(manifest, artifacts=artifacts))

    rest = [row for row in rows if row["status"] != "complete"]
    lines = [f"{row['job']}  {row['status']:<11}  {row.get('error', '')}" for row in rest]
    if lines:
        lines = ["", "Jobs that are not complete:", *lines]
    statuses = ", ".join(f"{count} {name}" for name, count in counts.items())
    lines += ["", *([f"report {note}"] if note else [])]
    lines += [f"jobs   {len(rows)}: {statuses}", f"table  {sweep / TABLE}"]
    return "\n".join(lines), complete

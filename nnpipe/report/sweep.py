"""Gather the content of a sweep's page from the table of its jobs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nnpipe.errors import RunError
from nnpipe.report.figures import Figure
from nnpipe.report.jobs import Job, jobs_of, lower_is_better, metric_names, swept_keys
from nnpipe.report.landscape import landscape
from nnpipe.report.numbers import metric_text
from nnpipe.runs.store.definition import read_definition
from nnpipe.runs.store.manifest import Manifest

_DRAWN = 12


@dataclass(frozen=True)
class Cell:
    """A cell of the table: the text that it shows, and the value that it is sorted by."""

    text: str
    value: str | float
    kind: str = ""
    link: str = ""


@dataclass(frozen=True)
class SweepPage:
    """The content of a sweep's page.

    Attributes
    ----------
    facts : sequence of (name, text)
        The numbers at the top.
    pictures : mapping of str to Figure
        By the name of the drawn metric.
    columns : sequence of (name, kind)
    rows : sequence of sequence of Cell
    """

    name: str
    manifest: Manifest
    facts: Sequence[tuple[str, str]]
    warning: str
    pictures: Mapping[str, Figure]
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]

    def plots(self) -> dict[str, list[Figure]]:
        """Return the pictures by the names of their PNG files."""
        return {re.sub(r"[^\w.-]", "_", name): [found] for name, found in self.pictures.items()}


def gather_sweep(folder: Path, manifest: Manifest, rows: Sequence[Mapping[str, Any]]) -> SweepPage:
    """Gather the content of a sweep's page.

    Parameters
    ----------
    folder : Path
        The sweep's folder.
    manifest : Manifest
        The sweep's manifest, which may be a draft.
    rows : sequence of mapping
        The rows from `nnpipe.runs.inspect.sweep.read_jobs`.
    """
    jobs = jobs_of(folder, rows)
    swept, names = swept_keys(jobs), metric_names(jobs, _optimised(folder))
    drawn = {name: landscape(jobs, swept, name) for name in names[:_DRAWN]}
    best = {name: _best(jobs, name) for name in names}
    columns = [("job", ""), *((key, "") for key in swept), ("status", "")]
    columns += [(name, "number") for name in names]
    failed = any(job.error for job in jobs)
    if failed:
        columns.append(("error", ""))
    table = [
        [
            Cell(job.name, int(job.name), link=_link(folder, job)),
            *(Cell(job.overrides.get(key, ""), job.overrides.get(key, "")) for key in swept),
            Cell(job.status, job.status, job.status),
            *(_cell(job, name, best[name]) for name in names),
            *([Cell(job.error, job.error, "error")] if failed else []),
        ]
        for job in jobs
    ]
    return SweepPage(
        name=f"{folder.parent.name}/{folder.name}",
        manifest=manifest,
        facts=_facts(jobs, names, best),
        warning=manifest.error or "",
        pictures={name: found for name, found in drawn.items() if found is not None},
        columns=columns,
        rows=table,
    )


def _optimised(folder: Path) -> str | None:
    """Return the metric that the sweep optimizes, if any."""
    with suppress(RunError):
        output: Any = read_definition(folder).config.get("output")
        if isinstance(output, dict):
            return cast("dict[str, Any]", output).get("metric")
    return None


def _best(jobs: Sequence[Job], name: str) -> float | None:
    lower = lower_is_better(name)
    values = [job.metrics[name] for job in jobs if name in job.metrics]
    if lower is None or not values:
        return None
    return min(values) if lower else max(values)


def _cell(job: Job, name: str, best: float | None) -> Cell:
    if name not in job.metrics:
        return Cell("", "", "number")
    value = job.metrics[name]
    return Cell(metric_text(name, value), value, "number best" if value == best else "number")


def _link(folder: Path, job: Job) -> str:
    report = f"{job.path}/report.html"
    return report if (folder / report).is_file() else f"{job.path}/"


def _facts(
    jobs: Sequence[Job],
    names: Sequence[str],
    best: Mapping[str, float | None],
) -> list[tuple[str, str]]:
    counts = Counter(job.status for job in jobs)
    facts = [("complete", f"{counts['complete']:,} of {len(jobs):,} jobs")]
    facts += [(name, f"{count:,}") for name, count in counts.items() if name != "complete"]
    for name in names[:2]:
        found = best[name]
        if found is not None and name != "seconds":
            job = next(job for job in jobs if job.metrics.get(name) == found)
            facts.append((f"best {name}, job {job.name}", metric_text(name, found)))
    seconds = sum(job.metrics.get("seconds", 0.0) for job in jobs)
    facts.append(("time of all jobs", metric_text("seconds", seconds)))
    return facts

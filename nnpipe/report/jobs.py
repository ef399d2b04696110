"""The jobs of a sweep: the swept keys and the metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnpipe.report.facts import numbers_in
from nnpipe.report.figures import Value
from nnpipe.runs.inspect.sweep import read_overrides

_NOT_METRICS = ("job", "status", "error", "path")
_FIRST = ("evaluation.accuracy", "validation_accuracy", "accuracy", "cross_entropy", "loss")
_LAST = ("seconds", "outputs.")


@dataclass(frozen=True)
class Job:
    """A job of a sweep.

    Attributes
    ----------
    name, status, error : str
    path : str
        Its folder, relative to the sweep's.
    overrides : mapping of str to str
        The typed overrides, by key.
    metrics : mapping of str to float
        The metrics that are finite numbers.
    """

    name: str
    status: str
    error: str
    path: str
    overrides: Mapping[str, str]
    metrics: Mapping[str, float]


def jobs_of(folder: Path, rows: Sequence[Mapping[str, Any]]) -> list[Job]:
    """Return the jobs of a sweep from the rows of its table."""
    return [_job(row, read_overrides(folder / str(row["path"]))) for row in rows]


def _job(row: Mapping[str, Any], overrides: Mapping[str, str]) -> Job:
    others = {k: v for k, v in row.items() if k not in (*_NOT_METRICS, *overrides)}
    return Job(
        name=str(row["job"]),
        status=str(row["status"]),
        error=str(row.get("error") or ""),
        path=str(row["path"]),
        overrides=overrides,
        metrics=numbers_in(others),
    )


def swept_keys(jobs: Sequence[Job]) -> list[str]:
    """Return the keys that differ between jobs, in the order of typing."""
    keys = dict.fromkeys(key for job in jobs for key in job.overrides)
    return [key for key in keys if len({job.overrides.get(key, "") for job in jobs}) > 1]


def metric_names(jobs: Sequence[Job], first: str | None = None) -> list[str]:
    """Return the metrics that differ between jobs: `first`, then the most important ones."""
    names = dict.fromkeys(name for job in jobs for name in job.metrics)
    differing = [n for n in names if len({job.metrics[n] for job in jobs if n in job.metrics}) > 1]
    return sorted(differing, key=lambda name: -1 if name == first else _weight(name))


def _weight(name: str) -> int:
    for place, word in enumerate(_LAST):
        if name.startswith(word):
            return len(_FIRST) + 1 + place
    return next((place for place, word in enumerate(_FIRST) if word in name), len(_FIRST))


def lower_is_better(name: str) -> bool | None:
    """Return whether the lowest value of a metric is the best; None if neither end is."""
    word = name.rsplit(".", 1)[-1]
    if "accuracy" in word:
        return False
    return True if "cross_entropy" in word or "loss" in word or word == "seconds" else None


def values_of(jobs: Sequence[Job], key: str) -> list[Value]:
    """Return each job's value of a swept key: as numbers if all are numbers, else as texts."""
    texts = [job.overrides.get(key, "") for job in jobs]
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return list(texts)
    return list(numbers) if all(map(math.isfinite, numbers)) else list(texts)


def short_keys(keys: Sequence[str]) -> list[str]:
    """Return the shortest ends of dotted keys that are unique.

    >>> short_keys(["architecture.width", "layers.a.neurons", "layers.b.neurons"])
    ['width', 'a.neurons', 'b.neurons']
    """
    parts = [key.split(".") for key in keys]

    def end(words: list[str]) -> str:
        lengths = range(1, len(words))
        alone = (n for n in lengths if sum(other[-n:] == words[-n:] for other in parts) == 1)
        return ".".join(words[-next(alone, len(words)) :])

    return [end(words) for words in parts]

"""Draw a metric over the swept keys: as a line, a heat map, or parallel coordinates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from nnpipe.report.figures import Axis, Figure, Matrix, Parallel, Points, Value
from nnpipe.report.jobs import Job, lower_is_better, short_keys, values_of
from nnpipe.report.numbers import metric_text, short

SEED = "seed"

_MOST = 2000
"""Most jobs that are drawn one by one, and most cells of a heat map."""


def landscape(jobs: Sequence[Job], swept: Sequence[str], name: str) -> Figure | None:
    """Return the figure of one metric over the swept keys; None for fewer than two jobs.

    One key gives a line, two keys a heat map if the jobs fill most of it, and other sweeps parallel
    coordinates. Seeds that are swept together with other keys count as repetitions: they are drawn
    as points around a mean, or averaged.
    """
    found = [job for job in jobs if name in job.metrics]
    if len(found) < 2 or not swept:
        return None
    keys = [key for key in swept if key != SEED] or list(swept)
    if len(keys) == 2:
        sizes = [len(set(values_of(found, key))) for key in keys]
        if sizes[0] * sizes[1] <= min(_MOST, 2 * len(found)):
            matrix = _matrix(found, keys[0], keys[1], name)
            if np.isfinite(matrix.values).mean() >= 0.5:
                return matrix
    shown = found[:: -(-len(found) // _MOST)]
    few = f", {len(shown):,} of {len(found):,} jobs" if len(shown) < len(found) else ""
    if len(keys) == 1:
        return _points(shown, keys[0], name, f"{name}{few}")
    return _parallel(shown, swept, name, f"{name}{few}")


def _points(jobs: Sequence[Job], key: str, name: str, title: str) -> Points:
    return Points(
        title=title,
        x=Axis(key, values_of(jobs, key)),
        y=Axis(name, [job.metrics[name] for job in jobs]),
        hints=[_hint(job, name) for job in jobs],
    )


def _matrix(jobs: Sequence[Job], down: str, across: str, name: str) -> Matrix:
    rows, columns = values_of(jobs, down), values_of(jobs, across)
    if len(set(rows)) > len(set(columns)):
        down, across, rows, columns = across, down, columns, rows
    cells: defaultdict[tuple[Value, Value], list[float]] = defaultdict(list)
    for row, column, job in zip(rows, columns, jobs, strict=True):
        cells[row, column].append(job.metrics[name])
    row_values, column_values = _ordered(rows), _ordered(columns)
    values = np.array(
        [
            [np.mean(cells[r, c]) if (r, c) in cells else np.nan for c in column_values]
            for r in row_values
        ]
    )
    row_names, column_names = [_name(v) for v in row_values], [_name(v) for v in column_values]
    texts = [[metric_text(name, v) if v == v else "" for v in row] for row in values.tolist()]
    hints = [
        [f"{down}={r}, {across}={c}: {text}" for c, text in zip(column_names, line, strict=True)]
        for r, line in zip(row_names, texts, strict=True)
    ]
    repeated = max(map(len, cells.values()))
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if lower_is_better(name):
        low, high = high, low
    return Matrix(
        title=f"{name}, mean of up to {repeated} jobs" if repeated > 1 else name,
        row_axis=down,
        column_axis=across,
        row_names=row_names,
        column_names=column_names,
        values=values,
        texts=texts,
        hints=hints,
        low=low,
        high=high,
    )


def _parallel(jobs: Sequence[Job], swept: Sequence[str], name: str, title: str) -> Parallel:
    names = short_keys(swept)
    axes = [Axis(n, values_of(jobs, key)) for n, key in zip(names, swept, strict=True)]
    axes.append(Axis(name, [job.metrics[name] for job in jobs]))
    hints = [_hint(job, name) for job in jobs]
    return Parallel(title, axes, hints, least=bool(lower_is_better(name)))


def _hint(job: Job, name: str) -> str:
    typed = " ".join(f"{key}={value}" for key, value in job.overrides.items())
    return f"{job.name}: {typed}: {metric_text(name, job.metrics[name])}"


def _ordered(values: Sequence[Value]) -> Sequence[Value]:
    found = list(dict.fromkeys(values))
    numbers = [value for value in found if isinstance(value, float)]
    return sorted(numbers) if len(numbers) == len(found) else found


def _name(value: Value) -> str:
    return value if isinstance(value, str) else short(value)

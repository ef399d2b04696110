"""List runs and sweeps with their status, metrics and size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from nnpipe.runs.inspect.address import label
from nnpipe.runs.inspect.columns import age_text, align, short, size_text
from nnpipe.runs.inspect.command_result import CommandResult
from nnpipe.runs.inspect.state import State, look, versions

_SHOWN = ("accuracy", "cross_entropy", "mean_squared_error", "loss")


def list_runs(
    root: Path,
    patterns: Collection[str] = (),
    statuses: Collection[str] = (),
    kind: str | None = None,
) -> CommandResult:
    """Return the runs and sweeps under a root, the oldest of each name first.

    Parameters
    ----------
    root : Path
        The folder of all runs.
    patterns : collection of str
        Shell patterns for names, such as ``mnist*``; empty for all names.
    statuses : collection of str
        The statuses to list; empty for all.
    kind : str, optional
        Only `run` or only `sweep`.
    """
    found = [look(folder) for folder in versions(root)]
    kept = [
        state
        for state in found
        if (not patterns or any(fnmatchcase(state.folder.parent.name, p) for p in patterns))
        and (not statuses or state.status in statuses)
        and kind in (None, state.kind)
    ]
    if not kept:
        more = f" match; there are {len(found)} others" if found else ""
        return CommandResult(f"no runs in {root}{more}", [])
    data = [_row(state, root) for state in kept]
    return CommandResult(_table(data), data)


def _row(state: State, root: Path) -> dict[str, Any]:
    metrics = state.manifest.metrics if state.manifest else dict[str, Any]()
    return {
        "run": label(state.folder, root),
        "path": str(state.folder.absolute()),
        "name": state.folder.parent.name,
        "version": int(state.folder.name[1:]),
        "kind": state.kind,
        "status": state.status,
        "age": round(max(state.age, 0.0), 3),
        "started": state.manifest.started if state.manifest else None,
        "samples": metrics.get("samples"),
        "metrics": dict(metrics),
        "size": state.size,
        "error": state.manifest.error if state.manifest else state.problem,
    }


def _table(data: list[dict[str, Any]]) -> str:
    rows = [["run", "kind", "status", "age", "samples", "metrics", "size"]]
    for row in data:
        samples = row["samples"]
        rows.append(
            [
                row["run"],
                row["kind"],
                row["status"],
                age_text(row["age"]),
                f"{samples:,}" if isinstance(samples, int) else "",
                _metrics(row["metrics"]),
                size_text(row["size"]),
            ]
        )
    return align(rows, right=(3, 4, 6))


def _metrics(metrics: Mapping[str, Any]) -> str:
    if "jobs" in metrics:
        return f"{metrics.get('complete', 0)} of {metrics['jobs']} jobs"
    # An evaluation says more than metrics on the training samples.
    evaluation = metrics.get("evaluation")
    if isinstance(evaluation, Mapping):
        judged = cast("Mapping[str, Any]", evaluation)
        return f"{judged.get('input')}: {'  '.join(_scores(judged))}"
    shown, outputs = _scores(metrics), metrics.get("outputs")
    if not shown and isinstance(outputs, Mapping):
        shown.append(f"mean output {short(outputs.get('mean'))}")
    return "  ".join(shown)


def _scores(metrics: Mapping[str, Any]) -> list[str]:
    return [f"{name} {short(metrics[name])}" for name in _SHOWN if metrics.get(name) is not None]

"""Measure things in turn, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_SHORTEST = 0.005

# The threads of BLAS and of ONNX Runtime wait for more work by counting, on a core that whatever
# is measured next would need.
_REST = 0.15


@dataclass(frozen=True)
class Row:
    """One row of the table: how long nnpipe took, as a ratio to what was measured beside it.

    Parameters
    ----------
    part, case, peer : str
        What was measured, and against what.
    seconds, peer_seconds : float
        The medians.
    ratio, low, high : float
        The median of the ratios of neighbouring measurements, and its quartiles.
    best : float
        The ratio of the two shortest times.
    note : str
        What else is to be said.
    """

    part: str
    case: str
    peer: str
    seconds: float
    peer_seconds: float
    ratio: float
    low: float
    high: float
    best: float
    note: str = ""


def in_turn(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each call, each measured once in every round, after a rest."""
    counts: dict[str, int] = {}
    for name, call in calls.items():
        call()
        begin = time.perf_counter()
        call()
        counts[name] = max(1, round(_SHORTEST / max(time.perf_counter() - begin, 1e-9)))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            time.sleep(_REST)
            begin = time.perf_counter()
            for _ in range(counts[name]):
                call()
            seconds[name].append((time.perf_counter() - begin) / counts[name])
    return seconds


def compare(
    part: str, case: str, seconds: Mapping[str, list[float]], own: str = "nnpipe", note: str = ""
) -> list[Row]:
    """Return a row for every peer of what was measured in turn."""
    mine = seconds[own]
    rows: list[Row] = []
    for peer, theirs in seconds.items():
        if peer == own:
            continue
        ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
        quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
        rows.append(
            Row(
                part,
                case,
                peer,
                statistics.median(mine),
                statistics.median(theirs),
                statistics.median(ratios),
                quartiles[0],
                quartiles[2],
                min(mine) / min(theirs),
                note,
            )
        )
    return rows

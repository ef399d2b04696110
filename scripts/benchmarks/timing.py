"""Measure calls in turn, so that other work on the machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_SHORTEST = 0.005

# The threads of BLAS and of ONNX Runtime wait actively for more work, on a core that the next
# measurement needs.
_REST = 0.15


@dataclass(frozen=True)
class Row:
    """One row of the table: the time of nnpipe compared to that of a peer.

    Parameters
    ----------
    part, case, peer : str
        The measurement, and the peer.
    seconds, peer_seconds : float
        The medians.
    ratio, low, high : float
        The median of the ratios of neighbouring measurements, and its quartiles.
    best : float
        The ratio of the two shortest times.
    note : str
        A remark.
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
    """Return the seconds of each call in each round. Each call is measured after a rest."""
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
    """Return a row for each peer in the measurements."""
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

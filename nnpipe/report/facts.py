"""Turn a manifest into text for a page.

A manifest may come from a stranger, and no checksum covers it. A metric that is not a finite number
is therefore left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from nnpipe.network.network import Network
from nnpipe.report.figures import Bars
from nnpipe.report.numbers import duration, share
from nnpipe.report.svg.canvas import clip
from nnpipe.runs.store.manifest import Manifest

_PHASES = 20
_LETTERS = 300

Facts = Sequence[tuple[str, str]]


def number(value: Any) -> float | None:
    """Return a finite number as a float, and None for anything else.

    >>> number(3), number(10**400), number(float("nan")), number("3"), number(True)
    (3.0, None, None, None, None)
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def numbers_in(values: Any) -> dict[str, float]:
    """Return the finite numbers of a mapping, by name."""
    if not isinstance(values, Mapping):
        return {}
    pairs = ((k, number(v)) for k, v in cast("Mapping[str, Any]", values).items())
    return {str(name): found for name, found in pairs if found is not None}


def facts_of(manifest: Manifest, network: Network) -> Facts:
    """Return the numbers at the top of a run's page."""
    metrics, seconds = numbers_in(manifest.metrics), numbers_in(manifest.seconds)
    evaluation = manifest.metrics.get("evaluation")
    judged, on = numbers_in(evaluation), ""
    if judged:
        on = clip(f", {evaluation.get('input')}", 20) if isinstance(evaluation, dict) else ""
    else:
        judged = metrics
    facts: list[tuple[str, str]] = []
    if "accuracy" in judged:
        facts.append((f"accuracy{on}", share(judged["accuracy"])))
    if "cross_entropy" in judged:
        facts.append((f"cross-entropy{on}", f"{judged['cross_entropy']:.4g} nats"))
    samples, spent = metrics.get("samples"), seconds.get("infer")
    if samples:
        facts.append(("samples", f"{samples:,.0f}"))
    if samples and spent:
        facts.append(("samples a second", f"{samples / spent:,.0f}"))
    facts.append(("parameters", f"{network.parameter_count:,}"))
    if "total" in seconds:
        facts.append(("time", duration(seconds["total"])))
    return facts


def warning_of(manifest: Manifest) -> str:
    """Return a warning that readers need before they trust the page, or an empty text."""
    metrics = numbers_in(manifest.metrics)
    count, first = metrics.get("nonfinite_inputs"), metrics.get("first_nonfinite_row")
    if not count or first is None:
        return ""
    return f"{count:,.0f} values of the input are not finite; the first is in row {first:,.0f}."


def timings_of(manifest: Manifest) -> Bars:
    """Return the wall time of each phase, and of the rest."""
    seconds = {name: max(value, 0.0) for name, value in numbers_in(manifest.seconds).items()}
    total = seconds.pop("total", 0.0)
    phases = dict(list(seconds.items())[:_PHASES])
    phases["other"] = max(total - sum(phases.values()), 0.0)
    whole = sum(phases.values()) or 1.0
    texts = [f"{duration(value)} · {share(value / whole)}" for value in phases.values()]
    return Bars("Wall time by phase", list(phases), list(phases.values()), texts)


def details_of(manifest: Manifest) -> Facts:
    """Return the provenance of the numbers: seed, input, software."""
    found = manifest.input
    where = " ".join(str(found[name]) for name in ("path", "dataset") if found.get(name))
    shape: Any = found.get("shape")
    sizes = " × ".join(map(str, cast("list[Any]", shape))) if isinstance(shape, list) else ""
    details = [
        ("started", manifest.started),
        ("seed", manifest.seed),
        ("dtype", manifest.dtype),
        ("input", f"{where or found.get('kind', '')} ({sizes}, {found.get('dtype')})"),
        ("parameters of", manifest.source_run),
        *manifest.software.items(),
        ("BLAS", "; ".join(_library(library) for library in manifest.blas)),
        ("commit", manifest.git_commit),
    ]
    known = [(name, str(text)) for name, text in details if text is not None]
    return [(name, clip(text, _LETTERS)) for name, text in known if text]


def _library(library: Mapping[str, Any]) -> str:
    words = " ".join(str(library.get(key)) for key in ("name", "version", "kernel"))
    return f"{words}, {library.get('threads')} threads"

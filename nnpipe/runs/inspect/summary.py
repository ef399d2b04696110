"""Summarize a complete run in a few lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnpipe.runs.store.manifest import Manifest


def summary(folder: Path, manifest: Manifest, report: str = "") -> str:
    """Return the lines that end a run: samples, time, statistics, metrics and the folder.

    Parameters
    ----------
    folder : Path
        The run's folder, as shown to the user.
    manifest : Manifest
        The manifest of a complete run.
    report : str
        Where the report is, or why there is none.
    """
    metrics, seconds = manifest.metrics, manifest.seconds
    lines: list[tuple[str, str]] = []
    samples = metrics.get("samples")
    if samples:
        spent = seconds["infer"]
        rate = f"{samples / spent:,.0f} samples/s" if spent else ""
        lines.append(("samples", f"{samples:,} in {spent:.3f} s ({rate})"))
    if "outputs" in metrics:
        lines.append(
            ("outputs", "  ".join(f"{k} {_short(v)}" for k, v in metrics["outputs"].items()))
        )
    if metrics.get("accuracy") is not None:
        lines.append(("accuracy", f"{metrics['accuracy']:.2%}"))
    if metrics.get("cross_entropy") is not None:
        lines.append(("cross-entropy", f"{metrics['cross_entropy']:.4g} nats a sample"))
    if "evaluation" in metrics:
        found = dict(metrics["evaluation"])
        what = f"{found.pop('input')}, {found.pop('samples'):,} samples"
        scores = "  ".join(f"{k} {_short(v)}" for k, v in found.items() if v is not None)
        lines.append(("evaluation", f"{what}:  {scores}"))
    if metrics.get("nonfinite_inputs"):
        first = metrics["first_nonfinite_row"]
        count = f"{metrics['nonfinite_inputs']:,} values of the input are not finite"
        lines.append(("WARNING", f"{count}; the first is in row {first}"))
    lines.append(("time", f"{seconds['total']:.3f} s"))
    if report:
        lines.append(("report", report))
    lines.append(("run", str(folder)))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

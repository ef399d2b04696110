"""Format numbers for people."""

from __future__ import annotations

import math


def short(value: float) -> str:
    """Return a number in about four digits.

    >>> [short(value) for value in (0.0, 12345.0, 1 / 3, 1e-7, -2.5)]
    ['0', '12,345', '0.3333', '1e-07', '-2.5']
    """
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1e3 and value == round(value) and abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def share(value: float) -> str:
    """Return a share of one as a percentage; only exact values give 0 % and 100 %.

    >>> [share(value) for value in (0.0, 0.123456, 0.99999, 0.00001, 1.0)]
    ['0 %', '12.3 %', '> 99.9 %', '< 0.1 %', '100 %']
    """
    if 0 < value < 0.001:
        return "< 0.1 %"
    if 0.999 < value < 1:
        return "> 99.9 %"
    return f"{value:.0%}".replace("%", " %") if value in (0, 1) else f"{100 * value:.1f} %"


def duration(seconds: float) -> str:
    """Return a duration in a suitable unit.

    >>> [duration(seconds) for seconds in (0.00042, 0.0153, 2.5, 75.0, 7300.0)]
    ['0.42 ms', '15.3 ms', '2.5 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def metric_text(name: str, value: float) -> str:
    """Return a metric in the format that its name implies.

    >>> metric_text("accuracy", 0.98765), metric_text("accuracy", 0.5), metric_text("seconds", 0.02)
    ('98.77 %', '50 %', '20 ms')
    """
    word = name.rsplit(".", 1)[-1]
    if word == "accuracy" or word.endswith("_accuracy"):
        return f"{100 * value:.2f}".rstrip("0").rstrip(".") + " %"
    if word == "seconds":
        return duration(value)
    return short(value)

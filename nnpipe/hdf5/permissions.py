"""What `input.allow` can let through, as messages offer it."""

from __future__ import annotations

from collections.abc import Collection


def or_allow(name: str, allow: Collection[str]) -> str:
    """Return the end of a message that says how to allow what it refuses.

    >>> or_allow("virtual", ["external_link"])
    'or set input.allow=[external_link,virtual]'
    """
    return f"or set input.allow=[{','.join(sorted({*allow, name}))}]"

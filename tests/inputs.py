"""Open inputs in tests as a config with their options does."""

from __future__ import annotations

from typing import Any

from nnpipe.sources import SOURCES
from nnpipe.sources.base import Source


def open_input(kind: str, seed: int = 0, key: str = "input", **options: Any) -> Source:
    """Return the source of a kind with some options, open as the input of a config key."""
    return SOURCES.choice(kind, **options).make()(seed, key)

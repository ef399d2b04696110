"""What `allow` of an HDF5 input can let through, as messages offer it."""

from __future__ import annotations

from collections.abc import Collection

PERMISSIONS = ("external_link", "filter_plugin", "large_chunk", "outside_folder", "virtual")
"""What an input may have, and never an artifact of a run."""


def or_allow(name: str, allow: Collection[str], key: str) -> str:
    """Return the end of a message that says how to allow what it refuses.

    `key` is a config key of the input, or a message that begins with one.

    >>> or_allow("virtual", ["external_link"], "input.dataset")
    'or set input.allow=[external_link,virtual]'
    """
    return f"or set {key.partition('.')[0]}.allow=[{','.join(sorted({*allow, name}))}]"

"""What the fields of schemas are made of: values that must be set, and mappings with a kind."""

from __future__ import annotations

from dataclasses import field
from typing import Any

MISSING = "???"
"""The value of a key that has no default (OmegaConf's sign for it)."""


def named(schema: type, default: str) -> Any:
    """Return a field that takes a mapping with a `kind`, or just the kind's name.

    ``initializer: he_normal`` and ``initializer: {kind: he_normal}`` mean the same.
    """
    return field(default_factory=lambda: schema(kind=default), metadata={"schema": schema})

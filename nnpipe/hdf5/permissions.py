"""The permissions that `allow` of an HDF5 input can grant, and how messages offer them."""

from __future__ import annotations

from collections.abc import Collection

PERMISSIONS = ("external_link", "filter_plugin", "large_chunk", "outside_folder", "virtual")
"""Permissions for inputs. An artifact of a run never has any."""


def or_allow(name: str, allow: Collection[str], key: str) -> str:
    """Return the end of a refusal, with the setting that would allow it.

    `key` is a config key of the input, or a message that begins with one.

    >>> or_allow("virtual", ["external_link"], "input.dataset")
    'or set input.allow=[external_link,virtual]'
    """
    return f"or set {key.partition('.')[0]}.allow=[{','.join(sorted({*allow, name}))}]"

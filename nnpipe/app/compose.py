"""Connect Hydra to the YAML files and the kinds from which it composes a config."""

from __future__ import annotations

from pathlib import Path

from nnpipe.app import loader, yaml_source

VERSION_BASE = "1.3"


def conf_folder() -> Path:
    """Return the folder of the YAML files, in the wheel or beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def register() -> None:
    """Replace Hydra's config loader and config sources by our own."""
    yaml_source.register(conf_folder() / "config.yaml")
    loader.register(conf_folder() / "config.yaml")


def job_folder(number: int | str) -> str:
    """Return the name of a sweep job's folder.

    >>> job_folder(7)
    '007'
    """
    return f"{int(number):03d}"

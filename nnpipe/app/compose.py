"""What Hydra composes a config from: the YAML files, the kinds, and what was typed."""

from __future__ import annotations

from pathlib import Path

from nnpipe.app import loader, yaml_source

VERSION_BASE = "1.3"


def conf_folder() -> Path:
    """Return the folder of the YAML files: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def register() -> None:
    """Put our own loader and sources of configs in the place of Hydra's."""
    yaml_source.register(conf_folder() / "config.yaml")
    loader.register(conf_folder() / "config.yaml")


def job_folder(number: int | str) -> str:
    """Return the name of a sweep job's folder.

    >>> job_folder(7)
    '007'
    """
    return f"{int(number):03d}"

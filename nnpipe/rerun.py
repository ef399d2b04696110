"""Run a run again from its own config, and tell whether it comes out the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from nnpipe.pipeline import open_run, run
from nnpipe.runs.address import home
from nnpipe.runs.details import read_yaml
from nnpipe.runs.difference import Difference, compare
from nnpipe.runs.open import OVERRIDES, Run
from nnpipe.stages.base import Progress


def rerun(folder: Path, progress: Progress | None = None) -> tuple[Run, Difference]:
    """Run a complete run's config as a new version beside it, and compare the two.

    Paths stay as they were typed where they still lead to the same place; elsewhere they are
    written out in full, so that a run can be made again from any working folder.

    Raises
    ------
    RunError, ConfigError, DataError
        If the run cannot be opened, or its config can no longer be run.
    RunFailed
        If it fails this time.
    """
    with open_run(folder) as before:
        again = run(config_of(before), overrides=_overrides(before), progress=progress)
        with again:
            return again, compare(before, again)


def config_of(before: Run) -> dict[str, Any]:
    """Return a run's config with paths that lead where they led."""
    config = before.config
    parts: dict[str, dict[str, Any]] = {
        name: dict(config.get(name) or {}) for name in ("architecture", "input", "output")
    }
    root, _ = home(before.path)
    moved = [("output", "root", str(root))]
    if before.manifest.source_run is not None:
        moved.append(("architecture", "run", before.manifest.source_run))
    if "path" in before.manifest.input:
        moved.append(("input", "path", str(before.manifest.input["path"])))
    for part, key, place in moved:
        typed = parts[part].get(key)
        if isinstance(typed, str) and Path(typed).resolve() != Path(place).resolve():
            parts[part][key] = place
    return {**config, **parts}


def _overrides(before: Run) -> list[str]:
    typed = read_yaml(before.path / OVERRIDES)
    return [str(line) for line in cast("list[Any]", typed)] if isinstance(typed, list) else []


def causes(difference: Difference) -> list[str]:
    """Return what may explain that outputs are not identical, the likeliest first.

    Empty where they are identical, or where nothing known differs.
    """
    if difference.identical:
        return []
    return [
        *(f"input {key}" for key in difference.input),
        *("the BLAS kernel or its threads" for key in difference.software if key == "blas"),
        *(f"the version of {key}" for key in difference.software if key != "blas"),
        *(f"config {key}" for key in difference.config),
    ]

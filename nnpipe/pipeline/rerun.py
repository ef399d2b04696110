"""Repeat a run from its own config, or complete a run that was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from nnpipe.config.defaults import complete
from nnpipe.engines.dask import refuse_address
from nnpipe.errors import ConfigError, RunError
from nnpipe.pipeline.config import FURTHER
from nnpipe.pipeline.load import upgrade
from nnpipe.pipeline.run import open_run, run
from nnpipe.runs.inspect.address import home
from nnpipe.runs.inspect.details import read_yaml
from nnpipe.runs.inspect.difference import Difference, compare, differing_configs
from nnpipe.runs.inspect.state import look
from nnpipe.runs.store.claim import point_latest, version_of
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import FILE as MANIFEST
from nnpipe.runs.store.open import CONFIG, OVERRIDES, Run
from nnpipe.runs.store.parts import FOLDER
from nnpipe.stages.base import Progress


def rerun(
    folder: Path, progress: Progress | None = None, cluster: str | None = None
) -> tuple[Run, Difference]:
    """Run the config of a complete run as a new version beside it, and compare the two runs.

    A relative path stays as it is if it still leads to the same place. Otherwise it becomes
    absolute, so that a run can be repeated from any working folder.

    Parameters
    ----------
    folder : Path
        The run's folder.
    progress : Progress, optional
        Receives the progress of each stage.
    cluster : str, optional
        The value of `engine.cluster`. An address in the run's own config is not trusted.

    Raises
    ------
    RunError, ConfigError, DataError
        If the run cannot be opened, or if its config is no longer valid.
    RunFailed
        If the new run fails.
    """
    with open_run(folder) as before:
        config = on_cluster(config_of(before), cluster, before.path / CONFIG)
        again = run(config, overrides=_overrides(before), progress=progress)
        with again:
            # An earlier version stored the same config in another form.
            stored = upgrade(before.config, before.manifest.schema_version)
            pairs = differing_configs(stored, again.config)
            return again, replace(compare(before, again), config=pairs)


def resume(folder: Path, progress: Progress | None = None, cluster: str | None = None) -> Run:
    """Complete a sharded run in place, keeping its complete parts.

    Parameters
    ----------
    folder : Path
        The run's folder.
    progress : Progress, optional
        Receives the progress of each stage.
    cluster : str, optional
        As for `rerun`.

    Raises
    ------
    RunError
        If the run is complete or running, or has no parts.
    ConfigError, DataError
        If its config is no longer valid.
    RunFailed
        If it fails again.
    """
    _refuse_done(folder)
    refusal = f"{folder}: another process is resuming the run. Wait until it ends."
    with Folder.open(folder) as held, held.hold(refusal=refusal):
        _refuse_done(folder)
        return _continue(held, progress, cluster)


def _refuse_done(folder: Path) -> None:
    state = look(folder)
    if state.status in ("complete", "running"):
        problem = f"{folder}: the run is {state.status}. There is nothing to resume."
        raise RunError(problem)


def _continue(held: Folder, progress: Progress | None, cluster: str | None) -> Run:
    folder = held.path
    config = read_yaml(folder / CONFIG)
    if not isinstance(config, dict) or not (folder / FOLDER).is_dir():
        problem = f"{folder}: the run has no parts to continue from. Start a new run."
        raise RunError(problem)
    overrides = read_yaml(folder / OVERRIDES)
    typed = [str(line) for line in cast("list[Any]", overrides or [])]
    held.check_all(FOLDER)
    held.inside(FOLDER).close()
    stored = complete(cast("dict[str, Any]", config))
    run_config = on_cluster(stored, cluster, folder / CONFIG)
    held.remove(MANIFEST)
    again = run(run_config, overrides=typed, folder=held, progress=progress)
    if version_of(folder) is not None:
        point_latest(folder)
    return again


def on_cluster(config: dict[str, Any], cluster: str | None, where: Path) -> dict[str, Any]:
    """Return a stored config with the typed cluster, if one was typed.

    Raises
    ------
    ConfigError
        If the config names an address that was not typed, or if its engine is not dask.
    """
    given: Any = config.get("engine")
    engine = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    if cluster is None:
        refuse_address(engine.get("cluster"), (), str(where), "--cluster ADDRESS")
        return config
    if engine.get("kind") != "dask":
        problem = (
            f"--cluster: only for engine.kind=dask; found {engine.get('kind')!r} in {where}. "
            "Leave it out."
        )
        raise ConfigError([problem])
    return {**config, "engine": {**engine, "cluster": cluster}}


def config_of(before: Run) -> dict[str, Any]:
    """Return a run's config with paths that lead to the same places as in the run."""
    config = upgrade(before.config, before.manifest.schema_version)
    known = before.manifest.input
    root, _ = home(before.path)
    moved = [("output", "root", str(root))]
    if before.manifest.source_run is not None:
        moved.append(("architecture", "run", before.manifest.source_run))
    for part, source in {"input": known, **{name: known.get(name) for name in FURTHER}}.items():
        moved += _paths(part, source)
    parts = {part: dict(config[part]) for part, _, _ in moved if config.get(part)}
    for part, key, place in moved:
        typed = parts.get(part, {}).get(key)
        if isinstance(typed, str) and Path(typed).resolve() != Path(place).resolve():
            parts[part][key] = place
    beside = root / str(parts["output"].get("name"))
    if beside != before.path.parent and beside.is_symlink():
        problem = f"{beside}: found a link; expected a folder for the new run. Remove the link."
        raise RunError(problem)
    return {**config, **parts}


def _paths(part: str, source: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the options of an input that name files or folders, each with its absolute path."""
    match source:
        case {"paths": dict()}:
            found = list(cast("dict[str, Any]", source["paths"]).items())
        case {"path": str(path), "labels": {"kind": "idx" | "npy", "path": str(labels)}}:
            found = [("path", path), ("labels", labels)]  # from version 1
        case {"path": str(path)}:
            found = [("path", path)]
        case _:
            found = []
    for option, path in found:
        if isinstance(path, str):
            yield part, option, path


def _overrides(before: Run) -> list[str]:
    typed = read_yaml(before.path / OVERRIDES)
    return [str(line) for line in cast("list[Any]", typed)] if isinstance(typed, list) else []


def causes(difference: Difference) -> list[str]:
    """Return possible causes of outputs that are not identical, the most likely first.

    The list is empty if the outputs are identical, or if no known cause differs.
    """
    if difference.identical:
        return []
    return [
        *(f"input {key}" for key in difference.input),
        *("the BLAS kernel or its threads" for key in difference.software if key == "blas"),
        *(f"the version of {key}" for key in difference.software if key != "blas"),
        *(f"config {key}" for key in difference.config),
    ]

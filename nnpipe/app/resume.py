"""Take up a sweep that was interrupted or failed in part: only what is not complete is run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from nnpipe.app.hydra_keys import changes, is_allowed
from nnpipe.app.loader import Origin, commanded
from nnpipe.app.main import main
from nnpipe.app.modules import enter
from nnpipe.app.slurm import cancel_line, still_there
from nnpipe.errors import DataError, RunError
from nnpipe.runs.inspect.state import jobs, look
from nnpipe.runs.store.definition import SWEEP, read_definition
from nnpipe.runs.store.folder import Folder
from nnpipe.system.documents import refuse_calls
from nnpipe.system.files import stat_file

_CHOICE = re.compile(r"\w+", re.ASCII)
_GROUPS = ("hydra/launcher", "hydra/sweeper", "hydra/sweeper/sampler")


def resume(folder: Path, cluster: str | None = None) -> int:
    """Run what is not complete of a sweep, in its folder, and return the exit status.

    Parameters
    ----------
    folder : Path
        The sweep's.
    cluster : str, optional
        The address of a cluster that was typed, which a stored one must equal.

    Raises
    ------
    RunError
        If it is no sweep, is complete, is going on, or cannot go on as it began.
    """
    with Folder.open(folder) as held:
        return _resume(held, cluster)


def _resume(held: Folder, cluster: str | None) -> int:
    folder = held.path
    state = look(folder)
    if state.kind != "sweep":
        problem = f"{folder}: a run, not a sweep. Use rerun for a run."
        raise RunError(problem)
    if state.status in ("complete", "running"):
        problem = f"{folder}: the sweep is {state.status}. There is nothing to resume."
        raise RunError(problem)
    if still_there(folder):
        problem = (
            f"{folder}: Slurm still has jobs of it, which outlived what started them. Let them "
            f"end, or end them: {cancel_line(folder)}"
        )
        raise RunError(problem)
    definition = read_definition(folder)
    overrides = [*definition.hydra, *definition.task]
    refuse_code(overrides, folder / SWEEP)
    refuse_calls(overrides, str(folder / SWEEP))
    refuse_other_input(folder)
    held.path = folder = folder.absolute()
    if Path(definition.directory).is_dir():
        enter(definition.directory)
    with commanded(Origin(str(folder / SWEEP), cluster)):
        return main(["--multirun", *overrides], held)


def refuse_code(overrides: Sequence[str], where: Path) -> None:
    """Refuse overrides by which Hydra could be made to call or import anything.

    The file may come from a stranger. What is typed at a terminal is not restricted.

    Raises
    ------
    RunError
        For the first such override.
    """
    for text in overrides:
        if not _is_data(text):
            problem = f"{where}: {text!r} is not taken from a file. Type it in a new sweep."
            raise RunError(problem)


def _is_data(text: str) -> bool:
    """Tell whether an override sets of Hydra no more than a file may."""
    try:
        override = OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    key, value = override.key_or_group, override.value()
    words = re.split(r"[./@:\[\]]", f"{key}.{override.package or ''}")
    if "_target_" in text:
        return False
    if "hydra" not in words:
        return True
    if override.is_delete() or override.package is not None:
        return False
    if key in _GROUPS:
        return isinstance(value, str) and _CHOICE.fullmatch(value) is not None
    first, *path = key.split(".")
    if path[:2] == ["sweeper", "params"]:
        path[2:] = [".".join(path[2:])] if path[2:] else []
    set_to = changes(value, None, tuple(path))
    return first == "hydra" and all(is_allowed(*pair) for pair in set_to)


def refuse_other_input(folder: Path) -> None:
    """Refuse to go on where a complete job read a file that has changed since.

    Raises
    ------
    RunError
        Naming the file.
    """
    seen: set[str] = set()
    for job in jobs(folder):
        manifest = look(job).manifest
        if manifest is None or manifest.status != "complete":
            continue
        known = manifest.input
        path = known.get("path")
        if not isinstance(path, str) or path in seen:
            continue
        seen.add(path)
        try:
            status = stat_file(path, "input.path")
        except DataError as error:
            raise RunError(str(error)) from error
        if (status.st_size, status.st_mtime_ns) != (known.get("size"), known.get("mtime_ns")):
            problem = (
                f"{folder}: {path} has changed since job {job.name} read it; the jobs could not be "
                "compared. Restore the file, or start a new sweep."
            )
            raise RunError(problem)

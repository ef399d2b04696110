"""Resume a sweep that was interrupted or failed in part: run only its missing jobs."""

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
    """Run a sweep's missing jobs in place, and return the exit status.

    Parameters
    ----------
    folder : Path
        The sweep's folder.
    cluster : str, optional
        A typed cluster address, which must equal the stored one.

    Raises
    ------
    RunError
        If the folder is not a sweep, or if the sweep is complete, is running, or cannot continue
        as it began.
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
            f"{folder}: Slurm still has jobs of this sweep. Wait until they end, or end them: "
            f"{cancel_line(folder)}"
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
    """Refuse stored overrides that could make Hydra call or import anything.

    The file may come from a stranger. Typed overrides are not restricted.

    Raises
    ------
    RunError
        For the first such override.
    """
    for text in overrides:
        if not _is_data(text):
            problem = f"{where}: {text!r} must not come from a file. Type it in a new sweep."
            raise RunError(problem)


def _is_data(text: str) -> bool:
    """Return whether an override sets only the Hydra keys that a file may set."""
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
    """Refuse to continue if an input file has changed since a complete job read it.

    Raises
    ------
    RunError
        With the file's path.
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
                f"{folder}: {path} has changed since job {job.name} read it, so the jobs could not "
                "be compared. Restore the file, or start a new sweep."
            )
            raise RunError(problem)

"""Look at each YAML file before Hydra composes it: a downloaded experiment must not be a program.

Hydra calls what `_target_` names, and a logging config, an environment or a launcher's setup can
run code too. A file may therefore set of Hydra only what shapes a sweep. What is typed at a
terminal, and what an installed package brings, is not restricted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from hydra._internal.core_plugins import file_config_source
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult

from nnpipe.documents import CALLS, read_yaml
from nnpipe.errors import ConfigError, RunError

TARGETS = frozenset({"hydra_plugins.nnpipe_optuna.OptunaSweeper"})
"""What a YAML file may name as a target."""

_SHAPING = ("hydra.mode", "hydra.launcher.", "hydra.sweeper.")
_CODE = frozenset({"custom_search_space", "setup", "python", "additional_parameters", "srun_args"})


def shapes_a_sweep(key: str) -> bool:
    """Tell whether a setting of Hydra's does no more than to shape a sweep.

    >>> shapes_a_sweep("hydra.sweeper.params"), shapes_a_sweep("hydra.job.env_set.PATH")
    (True, False)
    """
    return f"{key}.".startswith(_SHAPING) and not _CODE.intersection(key.split("."))


def check(content: Any, package: str, path: Path) -> None:
    """Refuse a file that would make Hydra call, import or set what is not a sweep's.

    Parameters
    ----------
    content : Any
        What it says.
    package : str
        Where in the config its content goes, with dots.
    path : Path
        The file, for the message.

    Raises
    ------
    ConfigError
        Naming the key.
    """
    for key, value in _entries(content, package):
        called = key.rpartition(".")[2] in CALLS and value not in TARGETS
        hydra = key.startswith("hydra")
        if called or (hydra and (not shapes_a_sweep(key) or "${" in str(value))):
            problem = (
                f"{path}: {key}: found {str(value)[:80]!r} in a file; expected of Hydra only its "
                "sweeper, launcher and mode. Type it on the command line if you mean it."
            )
            raise ConfigError([problem])


def _entries(content: Any, package: str) -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of a file with their values, and the packages of its defaults."""
    waiting: list[tuple[str, Any]] = [(package, content)]
    while waiting:
        key, value = waiting.pop()
        if not isinstance(value, dict) or not value:
            yield key, value
            continue
        entries = dict(cast("dict[str, Any]", value))
        if value is content:
            for default in cast("list[Any]", entries.pop("defaults", None) or ()):
                choices = cast("Iterable[Any]", default if isinstance(default, dict) else [default])
                for choice in map(str, choices):
                    yield _absolute(choice.partition("@")[2]), choice
        waiting += [(f"{key}.{name}".lstrip("."), inner) for name, inner in entries.items()]


def _absolute(package: str) -> str:
    return package.rpartition("_global_")[2].lstrip(".")


class FileConfigSource(file_config_source.FileConfigSource):
    """Hydra's source of YAML files, which looks at each before it is composed."""

    program = Path()
    """The program's own config.yaml, which is part of the program."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Load a file, within the bounds of any document, and check it."""
        path = Path(os.path.realpath(Path(self.path) / self._normalize_file_name(config_path)))
        if path == FileConfigSource.program or not path.exists():
            return super().load_config(config_path)
        try:
            content = read_yaml(path)
        except RunError as error:
            raise ConfigError([str(error)]) from error
        result = super().load_config(config_path)
        group = config_path.rpartition("/")[0].replace("/", ".")
        package = str(result.header.get("package") or group).replace("_group_", group)
        check(content, _absolute(package), path)
        return result


def register(program: Path) -> None:
    """Put this source in the place of Hydra's."""
    FileConfigSource.program = program.resolve()
    Plugins.instance()  # registers Hydra's own, which is not replaced by registering another
    SourcesRegistry.instance().types["file"] = FileConfigSource

"""Look at each YAML file before Hydra composes it: a downloaded experiment must not be a program.

Each file must keep within the bounds of any document, call nothing, and set of Hydra only what
shapes a sweep. `loader` judges what all files make together; here the file and its own line of
defaults can still be named. What is typed at a terminal, and what an installed package brings, is
not restricted.
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

from nnpipe.app.hydra_keys import installed, refusal
from nnpipe.errors import ConfigError, RunError
from nnpipe.system.documents import CALLS, read_yaml

_SHAPING = ("hydra.mode.", "hydra.launcher.", "hydra.sweeper.")


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
        group, _, name = key.rpartition(".")
        called = name in CALLS and not (name == "_target_" and _is_installed(group, value))
        hydra = key.startswith("hydra")
        if called or (hydra and (not f"{key}.".startswith(_SHAPING) or "${" in str(value))):
            raise ConfigError([refusal(tuple(key.split(".")), value, path)])


def _is_installed(group: str, value: Any) -> bool:
    return group in ("hydra.launcher", "hydra.sweeper") and (
        installed(group.removeprefix("hydra."), value) is not None
    )


def _entries(content: Any, package: str) -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys of a file with their values, and the packages of its defaults."""
    waiting: list[tuple[str, Any]] = [(package, content)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, list):
            entries = enumerate(cast("list[Any]", value))
            waiting += [(f"{key}.{place}", entry) for place, entry in entries]
        if not isinstance(value, dict) or not value:
            yield key, value
            continue
        said = dict(cast("dict[str, Any]", value))
        if value is content:
            for default in cast("list[Any]", said.pop("defaults", None) or ()):
                choices = cast("Iterable[Any]", default if isinstance(default, dict) else [default])
                for choice in map(str, choices):
                    yield _absolute(choice.partition("@")[2]), choice
        waiting += [(f"{key}.{name}".lstrip("."), inner) for name, inner in said.items()]


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

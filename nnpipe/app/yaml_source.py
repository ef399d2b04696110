"""Check each YAML file before Hydra composes it, because a downloaded experiment must not run code.

Each file must stay within the size limits of documents, call nothing, and set only the Hydra keys
that shape a sweep. `loader` checks the composed result; a message from here can still name the file
and its line of defaults. Typed overrides and the files of installed packages are not restricted.
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
    """Refuse a file that makes Hydra call or import anything, or sets a key that no file may set.

    Parameters
    ----------
    content : Any
        The content of the file.
    package : str
        The dotted key in the config where the content goes.
    path : Path
        The file, for the message.

    Raises
    ------
    ConfigError
        With the first such key.
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
        inside = dict(cast("dict[str, Any]", value))
        if value is content:
            for default in cast("list[Any]", inside.pop("defaults", None) or ()):
                choices = cast("Iterable[Any]", default if isinstance(default, dict) else [default])
                for choice in map(str, choices):
                    yield _absolute(choice.partition("@")[2]), choice
        waiting += [(f"{key}.{name}".lstrip("."), inner) for name, inner in inside.items()]


def _absolute(package: str) -> str:
    return package.rpartition("_global_")[2].lstrip(".")


class FileConfigSource(file_config_source.FileConfigSource):
    """Hydra's source of YAML files, with a check of each file."""

    program = Path()
    """The program's own config.yaml, which is not checked."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Load a file within the size limits of documents, and check it."""
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
    """Replace Hydra's source by this one."""
    FileConfigSource.program = program.resolve()
    Plugins.instance()  # registers Hydra's source first, which `register` would not replace
    SourcesRegistry.instance().types["file"] = FileConfigSource

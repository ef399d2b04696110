"""Compose a config, and judge it before Hydra makes anything of it.

Each config is composed here, that of a single run, that of a sweep and that of each of its jobs,
also in the processes of a launcher. What a file sets of Hydra must stand in `hydra_keys`, and the
address of a cluster, where a program listens that can run code here, must be typed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

from hydra._internal import hydra as hydra_program
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from nnpipe.app.hydra_keys import Key, changes, foreign, is_allowed, plain, refusal
from nnpipe.config.cluster import refuse_address
from nnpipe.config.moved import MOVED, move_keys
from nnpipe.errors import ConfigError

_ANYONES = ("command-line", "main", "hydra.searchpath in main", "hydra.searchpath in command-line")
"""Hydra's names for where files of anyone may lie; the others are those of installed packages."""

_FILLED = (
    *(("overrides",), ("runtime",)),
    *(("job", name) for name in ("name", "config_name", "override_dirname", "num", "id")),
)
"""What Hydra fills in once the files are merged."""


@dataclass(frozen=True)
class Origin:
    """Where the overrides of a command come from.

    Attributes
    ----------
    stored : str, optional
        The file that they were stored in; None where they were typed.
    cluster : str, optional
        The address of a cluster that was typed beside them.
    """

    stored: str | None = None
    cluster: str | None = None


class Loader(ConfigLoaderImpl):
    """Hydra's loader, which refuses what no file may set.

    Attributes
    ----------
    program : Path
        The program's own config.yaml.
    command : Origin
        That of the command that runs.
    """

    program: ClassVar[Path] = Path()
    command: ClassVar[Origin] = Origin()

    def __init__(self, config_search_path: Any) -> None:
        super().__init__(config_search_path)
        self.origin = Loader.command
        self._sweep: DictConfig | None = None
        self._merged: Any = None
        self._addresses: dict[str, Path] = {}

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """Compose a config as Hydra does, and judge it.

        Raises
        ------
        ConfigError
            Naming the key, and the file where it is known.
        """
        try:
            config = super().load_configuration(
                config_name, overrides, run_mode, from_shell, validate_sweep_overrides
            )
        except TypeError as error:  # a choice that is no name, as in experiment=[a,1]
            raise HydraException(str(error)) from error
        typed: Sequence[str] = overrides
        if self._sweep is not None:
            before = plain(self._sweep.hydra)
            typed = [*before["overrides"]["hydra"], *before["overrides"]["task"]]
            where = self.origin.stored or "hydra.sweeper.params"
            _refuse(foreign(plain(config.hydra), before, _FILLED), where)
        elif self.origin.stored is not None:
            found = foreign(plain(config.hydra), self._merged, _FILLED)
            _refuse(found, self.origin.stored)
        self._judge_address(config, [] if self.origin.stored else typed)
        _move(config)
        return config

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Compose the config of a job; what a sweeper made of its parameters was not typed."""
        self._sweep = master_config
        try:
            return super().load_sweep_config(master_config, sweep_overrides)
        finally:
            self._sweep = None

    def _compose_config_from_defaults_list(self, defaults: list[Any], repo: Any) -> DictConfig:
        config = self.merge(defaults, repo)
        if self.origin.stored is not None:
            self._merged = plain(config.hydra)
        return config

    def merge(self, defaults: list[Any], repo: Any) -> DictConfig:
        """Merge the chosen files, and judge what those that may be anyone's say to Hydra."""
        ours, theirs = list[Any](), dict[int, Path]()
        for number, default in enumerate(defaults):
            path, keys = _file(default, repo), _keys(default, repo)
            if path is None:
                ours += [default] if "hydra" in keys else []
                continue
            if keys & {"hydra", "engine"}:
                said = plain(_embedded(default, repo))
                if "hydra" in keys:
                    theirs[number] = path
                    _refuse(changes(said["hydra"], {}), path)
                engine = said.get("engine")
                if isinstance(engine, dict) and "cluster" in engine:
                    self._addresses[str(cast("Any", engine)["cluster"])] = path
        config = super()._compose_config_from_defaults_list(defaults, repo)
        if theirs:
            # To merge what a file says changes it in the cache.
            repo.cache.clear()
            program = super()._compose_config_from_defaults_list(ours, repo)
            repo.cache.clear()
            found = foreign(plain(config)["hydra"], plain(program.hydra))
            _refuse(found, ", ".join(map(str, theirs.values())))
        return config

    def _judge_address(self, config: DictConfig, typed: Sequence[str]) -> None:
        """Refuse the address of a cluster that was not typed."""
        engine: Any = plain(config).get("engine")
        node = cast("Any", engine).get("cluster") if isinstance(engine, dict) else engine
        place = self.origin.stored or self._addresses.get(str(node), "the composed config")
        known = {*addresses(typed), *filter(None, [self.origin.cluster])}
        how = "engine.cluster=ADDRESS" if self.origin.stored is None else "--cluster ADDRESS"
        refuse_address(node, known, str(place), how)


def addresses(overrides: Iterable[str]) -> Generator[str]:
    """Yield the addresses of clusters that overrides name.

    >>> list(addresses(["engine.cluster=tcp://a:1,tcp://b:1", "seed=1"]))
    ['tcp://a:1', 'tcp://b:1']
    """
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        if override.key_or_group == "engine.cluster":
            if override.is_discrete_sweep():
                yield from map(str, override.sweep_iterator())
            else:
                yield str(override.value())


@contextmanager
def commanded(origin: Origin) -> Generator[None]:
    """Have what is composed meanwhile judged by where its overrides come from."""
    before, Loader.command = Loader.command, origin
    try:
        yield
    finally:
        Loader.command = before


def register(program: Path) -> None:
    """Put this loader in the place of Hydra's."""
    Loader.program = program.resolve()
    cast("Any", hydra_program).ConfigLoaderImpl = Loader


def _refuse(found: Iterable[tuple[Key, Any]], where: object) -> None:
    for key, value in found:
        if not is_allowed(key, value):
            raise ConfigError([refusal(("hydra", *key), value, where)])


def _move(config: DictConfig) -> None:
    """Give former keys their current names. One that contradicts its new name stays as it is."""
    given = plain(config)
    moved, problems = move_keys(given)
    if problems:
        return  # the check of the config reports it beside all others
    for former, current in MOVED.items():
        section, _, name = former.partition(".")
        wanted = current.rpartition(".")[2]
        if isinstance(given.get(section), dict) and name in given[section]:
            node = config[section]
            with open_dict(node):
                node[wanted] = moved[section][wanted]
                del node[name]


def _file(default: Any, repo: Any) -> Path | None:
    """Return the file of a choice if it may be anyone's, None if it is the program's."""
    found = repo.load_config(default.config_path)
    if found.is_schema_source or found.provider not in _ANYONES:
        return None
    name = default.config_path.removesuffix(".yaml") + ".yaml"
    path = Path(os.path.realpath(Path(found.path.partition("://")[2]) / name))
    return None if path == Loader.program else path


def _keys(default: Any, repo: Any) -> set[str]:
    """Return the first keys of what a choice says, where its package puts it."""
    found = repo.load_config(default.config_path)
    package = default.package if default.package is not None else found.header["package"]
    if package:
        return {re.split(r"[.\[]", package)[0]}
    return set(map(str, found.config.keys())) if OmegaConf.is_dict(found.config) else set()


def _embedded(default: Any, repo: Any) -> Any:
    found = repo.load_config(default.config_path)
    return cast("Any", ConfigLoaderImpl)._embed_result_config(found, default.package).config

"""Compose a config, and check it before Hydra acts on it.

Every config is composed here: of a single run, of a sweep, and of each job, also in the processes
of a launcher. A file may set only the Hydra keys in `hydra_keys`. The address of a cluster must be
typed, because the program at that address can run code here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

from hydra._internal import hydra as hydra_program
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.config_search_path import SearchPathElement
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from nnpipe.app.composed import of_one_kind, open_sections, plain
from nnpipe.app.explain import Refusal, explain
from nnpipe.app.hydra_keys import Key, changes, foreign, is_allowed, refusal
from nnpipe.app.hydra_keys import plain as unresolved
from nnpipe.app.kind_source import PROVIDER, KindSource
from nnpipe.app.overrides import parse, typed_kinds, unusable, with_options
from nnpipe.engines.dask import refuse_address
from nnpipe.errors import ConfigError
from nnpipe.pipeline.load import find_problems

_ANYONES = ("command-line", "main", "hydra.searchpath in main", "hydra.searchpath in command-line")
"""Hydra's names for places with files from anyone. All others belong to installed packages."""

_FILLED = (
    *(("overrides",), ("runtime",)),
    *(("job", name) for name in ("name", "config_name", "override_dirname", "num", "id")),
)
"""The keys that Hydra fills in after merging the files."""


_KEPT, _CHOICES_KEPT = 256, 32


@dataclass(frozen=True)
class Origin:
    """The origin of a command's overrides.

    Attributes
    ----------
    stored : str, optional
        The file in which they are stored; None if they were typed.
    cluster : str, optional
        The address of a cluster that was typed with `--cluster`.
    """

    stored: str | None = None
    cluster: str | None = None


class Loader(ConfigLoaderImpl):
    """Hydra's loader with a check of what files may set, and with caches.

    Hydra composes the config of each job twice, and reads and merges the files again for every job,
    even if the jobs choose the same files. This class keeps what it has read, merged and composed.

    Attributes
    ----------
    program : Path
        The program's own config.yaml.
    command : Origin
        The origin of the current command.
    """

    program: ClassVar[Path] = Path()
    command: ClassVar[Origin] = Origin()

    def __init__(self, config_search_path: Any) -> None:
        path = config_search_path.get_path()
        if all(element.provider != PROVIDER for element in path):
            path.insert(-1, SearchPathElement(PROVIDER, f"{KindSource.scheme()}://"))
        super().__init__(config_search_path)
        self.origin = Loader.command
        self._sweep: DictConfig | None = None
        self._program: Any = None
        self._addresses: dict[str, Path] = {}
        self._typed: list[Any] = []
        self._repos: dict[str | None, Any] = {}
        self._merged: dict[Any, DictConfig] = {}
        self._jobs: dict[tuple[str, ...], DictConfig] = {}

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """Compose a config as Hydra does, and check it.

        Raises
        ------
        ConfigError
            With every problem in the typed overrides, or with the file that is at fault.
        """
        how = run_mode, from_shell, validate_sweep_overrides
        problems: list[str] = []
        parsed = parse(overrides, problems)
        searched = [text for text in overrides if "hydra.searchpath" in text]
        _, repo = self._parse_overrides_and_create_caching_repo(config_name, searched)
        wrong = dict(
            (str(override.input_line), problem) for override, problem in unusable(parsed, repo)
        )
        if problems or wrong:
            lines = [str(override.input_line) for override in parsed]
            usable = [line for line in lines if line not in wrong]
            problems += [*wrong.values(), *self._further_problems(config_name, usable, how)]
            raise ConfigError(list(dict.fromkeys(problems)))
        self._typed = parsed
        config = super().load_configuration(config_name, with_options(parsed), *how)
        config.hydra.overrides.task = [
            line for line in overrides if line not in config.hydra.overrides.hydra
        ]
        if OmegaConf.is_config(config.get("experiment")):
            problem = (
                f"experiment={config.hydra.runtime.choices.get('experiment')}: its file sets keys "
                "of `experiment`; expected keys of the config. Begin the file with "
                "# @package _global_"
            )
            raise ConfigError([problem])
        typed: Sequence[str] = overrides
        if self._sweep is not None:
            before = unresolved(self._sweep.hydra)
            typed = [*before["overrides"]["hydra"], *before["overrides"]["task"]]
            where = self.origin.stored or "hydra.sweeper.params"
            _refuse(foreign(unresolved(config.hydra), before, _FILLED), where)
        elif self.origin.stored is not None:
            found = foreign(unresolved(config.hydra), self._program, _FILLED)
            _refuse(found, self.origin.stored)
        self._check_address(config, [] if self.origin.stored else typed)
        return config

    def _further_problems(
        self, config_name: str | None, usable: list[str], how: tuple[Any, ...]
    ) -> list[str]:
        """Return the problems that remain without the unusable overrides."""
        try:
            config = self.load_configuration(config_name, usable, *how)
            return find_problems(plain(config))
        except ConfigError as error:
            return list(error.problems)
        except Refusal as error:
            return [explain(error)]

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Compose the config of a job. The sweeper's overrides count as not typed."""
        key = tuple(sweep_overrides)
        if key in self._jobs:
            return self._jobs.pop(key)  # removed, because the job changes it
        self._sweep = master_config
        try:
            config = super().load_sweep_config(master_config, sweep_overrides)
        finally:
            self._sweep = None
        if len(self._jobs) < _KEPT:
            self._jobs[key] = config
        return config

    def _parse_overrides_and_create_caching_repo(
        self, config_name: str | None, overrides: list[str]
    ) -> Any:
        if any("hydra.searchpath" in text for text in overrides):
            return super()._parse_overrides_and_create_caching_repo(config_name, overrides)
        if config_name not in self._repos:
            found = super()._parse_overrides_and_create_caching_repo(config_name, [])
            self._repos[config_name] = found[1]
        return parse(overrides, []), self._repos[config_name]

    def _compose_config_from_defaults_list(self, defaults: list[Any], repo: Any) -> DictConfig:
        kinds = typed_kinds(self._typed)
        chosen = tuple((default.config_path, default.package) for default in defaults)
        key = (id(repo), chosen, repr(sorted(kinds.items())))
        if key not in self._merged or repo not in self._repos.values():
            if len(self._merged) == _CHOICES_KEPT:
                self._merged.clear()
            repo.cache.clear()  # merging changes the cached content
            self._merged[key] = self.merge(of_one_kind(defaults, repo, kinds), repo)
            repo.cache.clear()
        config = deepcopy(self._merged[key])
        open_sections(config, [override.key_or_group for override in self._typed])
        if self.origin.stored is not None:
            self._program = unresolved(config.hydra)
        return config

    def merge(self, defaults: list[Any], repo: Any) -> DictConfig:
        """Merge the chosen files, and check the Hydra settings of files that may be anyone's."""
        ours, theirs = list[Any](), dict[int, Path]()
        for number, default in enumerate(defaults):
            path, keys = _file(default, repo), _keys(default, repo)
            if path is None:
                ours += [default] if "hydra" in keys else []
                continue
            if keys & {"hydra", "engine"}:
                content = unresolved(_embedded(default, repo))
                if "hydra" in keys:
                    theirs[number] = path
                    _refuse(changes(content["hydra"], {}), path)
                engine = content.get("engine")
                if isinstance(engine, dict) and "cluster" in engine:
                    self._addresses[str(cast("Any", engine)["cluster"])] = path
        config = super()._compose_config_from_defaults_list(defaults, repo)
        if theirs:
            repo.cache.clear()
            program = super()._compose_config_from_defaults_list(ours, repo)
            repo.cache.clear()
            found = foreign(unresolved(config)["hydra"], unresolved(program.hydra))
            _refuse(found, ", ".join(map(str, theirs.values())))
        return config

    def _check_address(self, config: DictConfig, typed: Sequence[str]) -> None:
        """Refuse the address of a cluster that was not typed."""
        engine: Any = unresolved(config).get("engine")
        node = cast("Any", engine).get("cluster") if isinstance(engine, dict) else engine
        place = self.origin.stored or self._addresses.get(str(node), "the composed config")
        known = {*addresses(typed), *filter(None, [self.origin.cluster])}
        how = "engine.cluster=ADDRESS" if self.origin.stored is None else "--cluster ADDRESS"
        refuse_address(node, known, str(place), how)


def addresses(overrides: Iterable[str]) -> Generator[str]:
    """Yield the cluster addresses in overrides.

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
    """Set the origin of the overrides that are composed inside the `with` block."""
    before, Loader.command = Loader.command, origin
    try:
        yield
    finally:
        Loader.command = before


def register(program: Path) -> None:
    """Replace Hydra's loader by this one, and register the source of kinds."""
    Loader.program = program.resolve()
    SourcesRegistry.instance().register(KindSource)
    cast("Any", hydra_program).ConfigLoaderImpl = Loader


def _refuse(found: Iterable[tuple[Key, Any]], where: object) -> None:
    for key, value in found:
        if not is_allowed(key, value):
            raise ConfigError([refusal(("hydra", *key), value, where)])


def _file(default: Any, repo: Any) -> Path | None:
    """Return the file of a choice, or None if it belongs to the program."""
    found = repo.load_config(default.config_path)
    if found.is_schema_source or found.provider not in _ANYONES:
        return None
    name = default.config_path.removesuffix(".yaml") + ".yaml"
    path = Path(os.path.realpath(Path(found.path.partition("://")[2]) / name))
    return None if path == Loader.program else path


def _keys(default: Any, repo: Any) -> set[str]:
    """Return the root keys that a choice sets, in its package."""
    found = repo.load_config(default.config_path)
    package = default.package if default.package is not None else found.header["package"]
    if package:
        return {re.split(r"[.\[]", package)[0]}
    return set(map(str, found.config.keys())) if OmegaConf.is_dict(found.config) else set()


def _embedded(default: Any, repo: Any) -> Any:
    found = repo.load_config(default.config_path)
    return cast("Any", ConfigLoaderImpl)._embed_result_config(found, default.package).config

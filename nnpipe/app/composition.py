"""Spare the compositions of a config that Hydra makes twice; each takes a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hydra._internal import config_loader_impl
from hydra._internal.defaults_list import DefaultsList, Overrides, create_defaults_list
from hydra._internal.hydra import Hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from nnpipe.app.loader import Loader

# What is put in the place of Hydra's own are internals of it, which have no types.
_MODULE: Any = config_loader_impl
_LOADER: Any = Loader

_KEPT = 256
_CHOICES_KEPT = 32


def is_single(arguments: Sequence[str]) -> bool:
    """Tell from what was typed that it is a single run; False also where it cannot be told.

    Flags, keys of Hydra's own and experiments, whose files may set `hydra.mode`, make a sweep.

    >>> is_single(["seed=1", "input=random"]), is_single(["-m", "seed=1,2"])
    (True, False)
    """
    other = ("-", "+", "~", "hydra", "experiment")
    return all("=" in text and not text.startswith(other) for text in arguments)


@contextmanager
def composed_once(arguments: Sequence[str]) -> Generator[None]:
    """Let Hydra compose a single run once, each job of a sweep once, and the same files once.

    For a single run it composes the whole config to read `hydra.mode`, and then again to run it;
    when it cannot read it, it takes what was typed for a single run. The config of each job it
    composes to see whether it can be, and then again when its turn comes; and it reads and merges
    all files anew for jobs that choose the same ones and differ in values only.
    """
    files = _Files()
    find, load = _LOADER._parse_overrides_and_create_caching_repo, _LOADER.load_sweep_config
    merge = _LOADER.merge
    jobs: dict[tuple[str, ...], DictConfig] = {}

    def load_once(loader: Any, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        key = tuple(sweep_overrides)
        if key in jobs:
            # It belongs to its job from now on, which changes it.
            return jobs.pop(key)
        config = load(loader, master_config, sweep_overrides)
        if len(jobs) < _KEPT:
            jobs[key] = config
        return config

    def find_once(loader: Any, config_name: str | None, overrides: list[str]) -> Any:
        return files.found(config_name, overrides, lambda: find(loader, config_name, overrides))

    def merge_once(loader: Any, defaults: list[Any], repo: Any) -> DictConfig:
        return files.merged(defaults, lambda: merge(loader, defaults, repo))

    with ExitStack() as stack:
        instead = {
            (_LOADER, "load_sweep_config"): load_once,
            (_LOADER, "_parse_overrides_and_create_caching_repo"): find_once,
            (_LOADER, "merge"): merge_once,
            (_MODULE, "create_defaults_list"): files.choose,
        }
        if is_single(arguments):
            instead[Hydra, "get_mode"] = _unread
        for (owner, name), function in instead.items():
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, function)
        yield


class _Files:
    """The files that Hydra found, those that were chosen, and what they say together."""

    def __init__(self) -> None:
        self._found: dict[str | None, Any] = {}
        self._chosen: dict[tuple[Any, ...], DefaultsList] = {}
        self._merged: dict[int, DictConfig] = {}

    def found(self, config_name: str | None, overrides: list[str], find: Callable[[], Any]) -> Any:
        """Return the overrides, parsed, and what loads files, which keeps what it has loaded."""
        if any("hydra.searchpath" in text for text in overrides):
            return find()
        if config_name not in self._found:
            _, self._found[config_name] = find()
        parsed = OverridesParser.create().parse_overrides(overrides)
        return parsed, self._found[config_name]

    def choose(
        self,
        repo: Any,
        config_name: str | None,
        overrides_list: list[Any],
        prepend_hydra: bool,
        skip_missing: bool,
    ) -> DefaultsList:
        """Do what Hydra's `create_defaults_list` does, once for all that choose the same files.

        Where a search path is given, files are looked for anew, and nothing is kept.
        """
        if all(found is not repo for found in self._found.values()):
            return create_defaults_list(
                repo, config_name, overrides_list, prepend_hydra, skip_missing
            )
        given = Overrides(repo=repo, overrides_list=overrides_list)
        values = {id(override) for override in given.config_overrides}
        choices = (o.input_line for o in overrides_list if id(o) not in values)
        key = (config_name, prepend_hydra, skip_missing, *choices)
        if key not in self._chosen:
            if len(self._chosen) == _CHOICES_KEPT:
                self._chosen.clear()
                self._merged.clear()
            # To merge what a file says changes it in the cache.
            repo.cache.clear()
            self._chosen[key] = create_defaults_list(
                repo, config_name, overrides_list, prepend_hydra, skip_missing
            )
        return replace(self._chosen[key], config_overrides=given.config_overrides)

    def merged(self, defaults: list[Any], merge: Callable[[], DictConfig]) -> DictConfig:
        """Return what the chosen files say, merged once, as a copy to be changed."""
        if all(chosen.defaults is not defaults for chosen in self._chosen.values()):
            return merge()
        if id(defaults) not in self._merged:
            self._merged[id(defaults)] = merge()
        return deepcopy(self._merged[id(defaults)])


def _unread(*_: Any, **__: Any) -> None:
    return None

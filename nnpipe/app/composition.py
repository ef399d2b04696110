"""Compose a single run's config once, and cache Hydra's choice of files.

Both replace internals of Hydra. If a version of Hydra lacks one of them, it is not replaced.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from hydra._internal import config_loader_impl, hydra
from hydra._internal.defaults_list import Overrides

# Hydra's internals have no types.
_MODULE: Any = config_loader_impl
_HYDRA: Any = hydra.Hydra

_CHOICES_KEPT = 32


def is_single(arguments: Sequence[str]) -> bool:
    """Return whether the arguments certainly start a single run.

    Flags, Hydra's own keys and experiments, whose files may set `hydra.mode`, can start a sweep.

    >>> is_single(["seed=1", "input=random"]), is_single(["-m", "seed=1,2"])
    (True, False)
    """
    other = ("-", "+", "~", "hydra", "experiment")
    return all("=" in text and not text.startswith(other) for text in arguments)


@contextmanager
def composed_once(arguments: Sequence[str]) -> Generator[None]:
    """Cache Hydra's repeated compositions.

    Hydra composes the config of a single run twice: to read `hydra.mode`, and to run it. If the
    first fails, Hydra assumes a single run, so `get_mode` is replaced for single runs. Hydra also
    chooses the files again for each job, so that choice is cached.
    """
    instead: dict[tuple[Any, str], Any] = {(_MODULE, "create_defaults_list"): _choosing_once}
    if is_single(arguments):
        instead[_HYDRA, "get_mode"] = _not_reading
    with ExitStack() as stack:
        for (owner, name), make in instead.items():
            before = getattr(owner, name, None)
            if before is not None:
                stack.callback(setattr, owner, name, before)
                setattr(owner, name, make(before))
        yield


def _choosing_once(create_defaults_list: Any) -> Any:
    """Return a version of `create_defaults_list` with a cache."""
    chosen: dict[tuple[Any, ...], Any] = {}

    def choose(
        repo: Any,
        config_name: str | None,
        overrides_list: list[Any],
        prepend_hydra: bool,
        skip_missing: bool,
    ) -> Any:
        how = prepend_hydra, skip_missing
        given = Overrides(repo=repo, overrides_list=overrides_list)
        values = {id(override) for override in given.config_overrides}
        choices = (o.input_line for o in overrides_list if id(o) not in values)
        key = (id(repo), config_name, *how, *choices)
        if key not in chosen:
            if len(chosen) == _CHOICES_KEPT:
                chosen.clear()
            # Keeping the repository alive keeps its id from being reused.
            found = create_defaults_list(repo, config_name, overrides_list, *how)
            chosen[key] = repo, found
        return replace(chosen[key][1], config_overrides=given.config_overrides)

    return choose


def _not_reading(get_mode: Any) -> Any:
    def read_nothing(self: Any, config_name: str | None, overrides: list[str]) -> None:
        return None

    return read_nothing

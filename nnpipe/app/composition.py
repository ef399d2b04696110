"""Spare a composition of a single run's config, and Hydra's repeated choosing of files.

Both replace internals of Hydra, and are left out where Hydra has them no more.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from hydra._internal import config_loader_impl, hydra
from hydra._internal.defaults_list import Overrides

# What is put in the place of Hydra's own are internals of it, which have no types.
_MODULE: Any = config_loader_impl
_HYDRA: Any = hydra.Hydra

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
    """Let Hydra compose a single run once, and choose files once for all jobs that name the same.

    For a single run it composes the whole config to read `hydra.mode`, and then again to run it;
    when it cannot read it, it takes what was typed for a single run.
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
    """Return what does the same, once for all that choose the same files."""
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
            # The repository is kept with it, so that no other takes its identity.
            found = create_defaults_list(repo, config_name, overrides_list, *how)
            chosen[key] = repo, found
        return replace(chosen[key][1], config_overrides=given.config_overrides)

    return choose


def _not_reading(get_mode: Any) -> Any:
    def read_nothing(self: Any, config_name: str | None, overrides: list[str]) -> None:
        return None

    return read_nothing

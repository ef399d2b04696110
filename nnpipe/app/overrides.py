"""Parse typed overrides, and find the keys and choices that are unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from nnpipe.config.registry import did_you_mean, unknown
from nnpipe.pipeline.config import Config

ROOTS = tuple(field.name for field in fields(Config))
"""The keys at the root of a config."""

LAUNCHERS = {
    "joblib": ("joblib", "joblib"),
    "cores": ("joblib", "joblib"),
    "submitit_local": ("slurm", "submitit_local"),
    "submitit_slurm": ("slurm", "submitit_slurm"),
    "slurm": ("slurm", "submitit_slurm"),
}
"""The launchers that need a package: the extra that installs it, and the launcher it adds."""


def parse(texts: Iterable[str], problems: list[str]) -> list[Override]:
    """Return parsed overrides, and append to `problems` a line for each that cannot be parsed."""
    parser, found = OverridesParser.create(), list[Override]()
    for text in texts:
        try:
            found += parser.parse_overrides([text])
        except HydraException:
            problems.append(f"{text}: cannot be read; expected key=value, with quotes as needed")
    return found


def values(override: Override) -> Iterator[Any]:
    """Yield the values of an override, one for each choice of a sweep."""
    if override.is_discrete_sweep():
        yield from override.sweep_iterator()
    elif not override.is_sweep_override():
        yield override.value()


def unusable(overrides: Sequence[Override], repo: Any) -> Iterator[tuple[Override, str]]:
    """Yield each override that Hydra would refuse, with its problem.

    These are unknown keys at the root of the config and unknown choices. The check of the config
    finds everything else, and reports all problems at once.

    Parameters
    ----------
    overrides : sequence of Override
    repo : ConfigRepository
        Where Hydra looks up choices.
    """
    for override in overrides:
        key = override.key_or_group
        if repo.group_exists(key):
            for value in () if override.is_delete() else values(override):
                optional = override.package is not None or key not in ROOTS
                problem = _unknown_choice(key, value, repo, optional)
                if problem is not None:
                    yield override, problem
                    break  # a range may have any number of values
        elif not override.is_add() and not override.is_force_add():
            root = key.split(".")[0].split("[")[0]
            if root not in (*ROOTS, "hydra", "experiment"):
                expected = ", ".join(sorted(ROOTS))
                hint = did_you_mean(root, ROOTS)
                yield override, f"{key}: unknown key; expected one of {expected}.{hint}"


def _unknown_choice(group: str, value: Any, repo: Any, optional: bool) -> str | None:
    chosen = cast("list[Any]", value) if isinstance(value, list) else [value]
    for name in chosen:
        if group == "hydra/launcher" and str(name) in LAUNCHERS:
            extra, brought = LAUNCHERS[name]
            if not repo.config_exists(f"{group}/{brought}"):
                return f"{group}: {name!r} is not installed. Run pip install 'nnpipe[{extra}]'."
        if (name is None and optional) or (
            isinstance(name, str) and repo.config_exists(f"{group}/{name}")
        ):
            continue
        return f"{group}: {unknown(name, 'a choice', repo.get_group_options(group))}"
    return None


def typed_kinds(overrides: Sequence[Override]) -> dict[str, Any]:
    """Return the kinds typed as ``optimizer.kind=sgd``, by the key before `kind`."""
    return {
        override.key_or_group.removesuffix(".kind"): override.value()
        for override in overrides
        if override.key_or_group.endswith(".kind") and not override.is_sweep_override()
    }


def with_options(overrides: Sequence[Override]) -> list[str]:
    """Rewrite overrides so that a kind's name and its options can be typed one by one.

    ``schedule=step schedule.every=5`` sets a string and then a key inside it, and OmegaConf would
    replace the string.

    >>> typed = parse(["training.schedule=step", "training.schedule.every=5"], [])
    >>> with_options(typed)
    ['training.schedule=null', 'training.schedule.kind=step', 'training.schedule.every=5']
    """
    keys, lines = [override.key_or_group for override in overrides], list[str]()
    for override in overrides:
        key, line = override.key_or_group, str(override.input_line)
        inside = "." in key and any(other.startswith(f"{key}.") for other in keys)
        if inside and not override.is_sweep_override() and isinstance(override.value(), str):
            lines += [f"{key}=null", f"{key}.kind={line.partition('=')[2]}"]
        else:
            lines.append(line)
    return lines

"""Look names up: built-in names first, then the entry points of installed packages."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from nnpipe.errors import ConfigError, one_line


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest of the names, or nothing.

    >>> did_you_mean("sigmiod", ["linear", "sigmoid"])
    " Did you mean 'sigmoid'?"
    """
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


class Registry(Collection[str]):
    """The names of one kind of thing, each imported only when it is asked for.

    Parameters
    ----------
    kind : str
        What a name stands for, with its article, as error messages say it: ``an activation``.
    group : str
        The entry-point group in which other packages add names.
    built_in : mapping of str to str
        Name to ``module:attribute``. Built-in names cannot be replaced.
    """

    def __init__(self, kind: str, group: str, built_in: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = group
        self.built_in = dict(built_in)

    @cached_property
    def plugins(self) -> dict[str, EntryPoint]:
        """The names that installed packages add; listing them imports nothing."""
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=self.group):
            other = found.get(point.name)
            if point.name in self.built_in or (other and other.value != point.value):
                taken = other.value if other else "nnpipe itself"
                problem = (
                    f"{self.group}: {point.value} adds the name {point.name!r}, "
                    f"which {taken} has already. Uninstall one of them."
                )
                raise ConfigError([problem])
            found[point.name] = point
        return found

    def __contains__(self, name: object) -> bool:
        return name in self.built_in or name in self.plugins

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted({*self.built_in, *self.plugins}))

    def load(self, name: str) -> Any:
        """Return what the name stands for.

        Raises
        ------
        ConfigError
            If the name is unknown, or if the package that adds it cannot be imported.
        """
        if name in self.built_in:
            module, _, attribute = self.built_in[name].partition(":")
            return getattr(import_module(module), attribute)
        if name not in self.plugins:
            raise ConfigError([unknown(name, self.kind, self.names)])
        point = self.plugins[name]
        try:
            return point.load()
        except Exception as error:
            problem = (
                f"{self.group}: {name!r} ({point.value}) cannot be imported: {one_line(error)}"
            )
            raise ConfigError([problem]) from error


def unknown(name: object, kind: str, names: Iterable[str]) -> str:
    """Return the text for a name that is not among the names.

    >>> unknown("tanth", "an activation", ["relu", "tanh"])
    "'tanth' is not an activation; expected one of relu, tanh. Did you mean 'tanh'?"
    """
    names = sorted(names)
    hint = did_you_mean(str(name), names)
    return f"{name!r} is not {kind}; expected one of {', '.join(names)}.{hint}"

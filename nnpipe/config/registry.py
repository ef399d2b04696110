"""Look up kinds by name: first the built-in ones, then the entry points of other packages."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, cast

from nnpipe.config.kind import Choice, Kind, Made
from nnpipe.errors import ConfigError, one_line


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the closest name, or an empty string.

    >>> did_you_mean("sigmiod", ["linear", "sigmoid"])
    " Did you mean 'sigmoid'?"
    """
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


class Registry(Collection[str], Generic[Made]):
    """The kinds that a config can choose by name. Each is imported when it is first used.

    Parameters
    ----------
    kind : str
        What a name stands for, with its article, for error messages: ``an activation``.
    group : str
        The entry-point group in which other packages add names.
    built_in : mapping of str to str
        From name to ``module:attribute``; see `modules`. Other packages cannot replace these names.
    base : str, optional
        ``module:attribute`` of the dataclass that the options of each kind extend.
    """

    def __init__(self, kind: str, group: str, built_in: Mapping[str, str], base: str = "") -> None:
        self.kind = kind
        self.group = group
        self.built_in = dict(built_in)
        self.base = base

    @cached_property
    def plugins(self) -> dict[str, EntryPoint]:
        """The names that installed packages add. Listing them imports nothing."""
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=self.group):
            other = found.get(point.name)
            if point.name in self.built_in or (other and other.value != point.value):
                taken = other.value if other else "nnpipe itself"
                problem = (
                    f"{self.group}: {point.value} adds the name {point.name!r}, "
                    f"which {taken} already has. Uninstall one of them."
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

    def load(self, name: Any) -> Kind[Any, Made]:
        """Return the kind with the given name.

        Raises
        ------
        ConfigError
            If the name is unknown, if the package that adds it cannot be imported, or if what it
            adds is not a kind.
        """
        # A name from YAML can have any type, even one that cannot be hashed.
        if not isinstance(name, str) or name not in self:
            raise ConfigError([unknown(name, self.kind, self.names)])
        if name in self.built_in:
            return cast("Kind[Any, Made]", _attribute(self.built_in[name]))
        point = self.plugins[name]
        try:
            found = point.load()
        except Exception as error:
            problem = (
                f"{self.group}: {name!r} ({point.value}) cannot be imported: {one_line(error)}"
            )
            raise ConfigError([problem]) from error
        base = _attribute(self.base) if self.base else object
        if not isinstance(found, Kind) or not issubclass(found.options, base):
            expected = "a Kind" + (f" whose options extend {base.__name__}" if self.base else "")
            problem = f"{self.group}: {name!r} is {found!r:.80}; expected {expected}"
            raise ConfigError([problem])
        return cast("Kind[Any, Made]", found)

    def choice(self, name: str, **options: Any) -> Choice[Made]:
        """Return a choice of a kind with the given options, and defaults for the others.

        The options come from code and are not checked.
        """
        kind = self.load(name)
        return Choice(name, kind.options(**options), kind)


def modules(package: str, names: str) -> dict[str, str]:
    """Return the places of a package's kinds. Each is in a module and attribute of its name.

    >>> modules("nnpipe.engines", "fast reference")["fast"]
    'nnpipe.engines.fast:fast'
    """
    return {name: f"{package}.{name}:{name}" for name in names.split()}


def _attribute(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def unknown(name: object, kind: str, names: Iterable[str]) -> str:
    """Return the message for an unknown name.

    >>> unknown("tanth", "an activation", ["relu", "tanh"])
    "'tanth' is not an activation; expected one of relu, tanh. Did you mean 'tanh'?"
    """
    names = sorted(names)
    hint = did_you_mean(str(name), names)
    found = "null" if name is None else repr(name)
    return f"{found} is not {kind}; expected one of {', '.join(names)}.{hint}"

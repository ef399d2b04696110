"""The fields of options: their default, their documentation, and what they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from nnpipe.config.kind import AUTO, MISSING
from nnpipe.config.registry import Registry

Guess = Callable[[Mapping[str, Any]], str]
"""``guess(given)`` returns the name of the kind for a mapping without `kind`."""


def _always(kind: str) -> Guess:
    def guess(given: Mapping[str, Any]) -> str:
        return kind

    return guess


@dataclass(frozen=True)
class Limits:
    """The values that an option accepts.

    Attributes
    ----------
    above, at_least, below, at_most : float or None
        The range of a number, or of each number in a list.
    among : sequence of str
        The accepted strings, for a string or for each string in a list.
    """

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    among: Sequence[str] = ()

    def refusal(self, value: Any) -> str | None:
        """Return what is expected instead of the value, or None if it is within the limits.

        >>> Limits(at_least=0, below=1).refusal(1.5)
        '0 or greater, below 1'
        """
        if isinstance(value, str):
            known = not self.among or value in self.among
            one_of = "one of " if len(self.among) > 1 else ""
            return None if known else one_of + ", ".join(self.among)
        low = self.at_least is None or value >= self.at_least
        low &= self.above is None or value > self.above
        high = self.at_most is None or value <= self.at_most
        high &= self.below is None or value < self.below
        return None if low and high else str(self)

    def __str__(self) -> str:
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least} to {self.at_most}"
        limits = (
            (self.at_least, "{} or greater"),
            (self.above, "more than {}"),
            (self.at_most, "{} or less"),
            (self.below, "below {}"),
        )
        return ", ".join(text.format(limit) for limit, text in limits if limit is not None)


def option(  # one keyword for each limit, so that a field reads like a sentence
    default: Any,
    doc: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    among: Sequence[str] = (),
) -> Any:
    """Return a dataclass field with a default, a documentation and limits.

    The default `MISSING` marks an option that must be set. An option with the default `AUTO` also
    accepts the word. A default list is copied for each config.
    """
    limits = Limits(above, at_least, below, at_most, among)
    metadata = {"doc": doc, "limits": limits, "auto": default is AUTO}
    if isinstance(default, list):
        copied = cast("list[Any]", default)
        return field(default_factory=copied.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


def choice(
    registry: Registry[Any],
    default: str | None,
    doc: str,
    guess: Guess | None = None,
) -> Any:
    """Return a dataclass field for an option whose value is itself a kind.

    Parameters
    ----------
    registry : Registry
        Where the kind's name is looked up.
    default : str or None
        The kind if none is given; None means no choice, and `AUTO` that the task decides.
    doc : str
        The documentation for users.
    guess : callable, optional
        Returns the kind's name for a mapping without `kind`; by default, `default`.
    """
    metadata: dict[str, Any] = {"doc": doc, "registry": registry, "auto": default is AUTO}
    named = MISSING if default in (None, AUTO) else default
    metadata |= {"guess": guess or _always(named)}
    if default in (None, AUTO):
        return field(default=default, metadata=metadata)
    return field(default_factory=lambda: registry.choice(default), metadata=metadata)


def choices(
    registry: Registry[Any],
    default: Sequence[str] | Mapping[str, Any],
    doc: str,
    guess: Guess | None = None,
) -> Any:
    """Return a dataclass field for a list of kinds, or for a mapping of names to kinds.

    `default` is a list of the kinds' names, or the empty mapping. See `choice`.
    """
    metadata: dict[str, Any] = {"doc": doc, "registry": registry}
    metadata |= {"guess": guess or _always(MISSING)}
    if isinstance(default, Mapping):
        return field(default_factory=dict[str, Any], metadata=metadata)
    return field(
        default_factory=lambda: [registry.choice(name) for name in default], metadata=metadata
    )


def check_order(low: float, high: float, key: str) -> Iterable[str]:
    """Yield a problem unless the option `low` is less than the option `high`."""
    if not low < high:
        yield f"{key}.high: found {high}; expected more than low, which is {low}"

"""A kind: options with defaults, a check across them, and the object made from them.

A kind is anything that a config chooses by name. Its options are a frozen dataclass, whose fields
hold their documentation and their range. The YAML choice, the command line and the error messages
follow from it.

>>> from nnpipe.config.options import option
>>> @dataclass(frozen=True)
... class StepOptions:
...     every: float = option(10.0, "epochs between two changes", above=0)
>>> step = Kind(StepOptions, lambda options: f"a step every {options.every:g} epochs")
>>> Choice("step", StepOptions(every=5), step).make()
'a step every 5 epochs'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

MISSING: Any = "???"
"""The value of an option without a default, as OmegaConf writes it."""

AUTO: Any = "auto"
"""The value of an option that the task or the data decides, before anything is made."""

Options = TypeVar("Options")
Made = TypeVar("Made", covariant=True)


def _nothing(options: Any, key: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class NoOptions:
    """The options of a kind that has none."""


@dataclass(frozen=True)
class Kind(Generic[Options, Made]):
    """What a name in a registry stands for.

    Parameters
    ----------
    options : type
        A frozen dataclass, each field made by `option`, `choice` or `choices`.
    make : callable
        ``make(options)`` returns the object that does the work. What only a run knows is passed
        to that object's methods.
    check : callable
        ``check(options, key)`` yields the problems that span several options, one line each.
        Each line begins with the config key, of which `key` is the first part.
    """

    options: type[Options]
    make: Callable[[Options], Made]
    check: Callable[[Options, str], Iterable[str]] = _nothing


@dataclass(frozen=True)
class Choice(Generic[Made]):
    """A kind chosen by a config, with the value of every option.

    Attributes
    ----------
    kind : str
        Its name in the registry.
    options : Any
        An instance of the kind's options.
    of : Kind
        What the name stands for.
    """

    kind: str
    options: Any
    of: Kind[Any, Made] = field(repr=False, compare=False)

    def make(self) -> Made:
        """Return the object that the kind makes from the options."""
        return self.of.make(self.options)

"""The result of a command: text for people, data for programs, and an exit status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CommandResult:
    """The result of a command.

    Attributes
    ----------
    text : str
        The result as lines for people.
    data : Any
        The same result for programs, ready for JSON.
    status : int
        The exit status.
    """

    text: str
    data: Any
    status: int = 0

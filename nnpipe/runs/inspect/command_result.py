"""What a command answers: for people, for programs, and with an exit status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CommandResult:
    """The answer of a command.

    Attributes
    ----------
    text : str
        Lines for people.
    data : Any
        The same for programs, ready for JSON.
    status : int
        The exit status.
    """

    text: str
    data: Any
    status: int = 0

"""The errors that nnpipe raises on purpose: each is one line to show to a user.

Each passes its own arguments to Exception, so that pickle can restore it in another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class NnpipeError(Exception):
    r"""Any error caused by the request or the data, not by the program.

    Its text is one line, even if it quotes a file name with a line break.

    >>> str(NnpipeError("a\nb: is not a run"))
    'a b: is not a run'
    """

    def __str__(self) -> str:
        return " ".join(super().__str__().splitlines())


class ConfigError(NnpipeError):
    """A config that cannot be run.

    Parameters
    ----------
    problems : sequence of str
        Every problem that was found, one line each, each beginning with its config key.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(problem.replace("\n", "\\n") for problem in self.problems)


class DataError(NnpipeError):
    """An input that is missing, unreadable, of the wrong kind or of the wrong shape."""


class RunError(NnpipeError):
    """A run folder that is missing, incomplete, altered or damaged."""


class TrainingError(NnpipeError):
    """Training that cannot continue because its numbers are no longer finite."""


class RunFailed(NnpipeError):
    """A run that began and did not finish; its folder and manifest say why.

    Parameters
    ----------
    path : Path
        The run's folder, whose manifest has the status `failed`.
    reason : str
        One line.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        return f"{self.path}: the run failed: {self.reason}"


def one_line(error: BaseException) -> str:
    """Return an error's text on one line, preceded by its class unless it is one of ours.

    >>> one_line(KeyError("x"))
    "KeyError: 'x'"
    >>> one_line(DataError("data.h5: empty"))
    'data.h5: empty'
    """
    text = " ".join(str(error).split())
    if isinstance(error, NnpipeError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shown(name: str) -> str:
    """Return a name from a file for a message: on one line, short, without control characters.

    >>> shown("a\\nb"), shown("x" * 200) == "x" * 100 + "…"
    ('a\\\\nb', True)
    """
    text = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name
    )
    return text if len(text) <= 100 else f"{text[:100]}…"

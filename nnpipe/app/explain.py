"""Explain what Hydra refuses, in one line."""

from __future__ import annotations

import re

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from nnpipe.config.registry import unknown

_RESOLVING = re.compile(r"\w+ raised while resolving interpolation: [\"']*(.*?)[\"']*")
_KEY = re.compile(r"full_key: (\S+)")

# For a group's choice that is no name, as in input=3, Hydra raises a bare ValueError.
Refusal = (HydraException, OmegaConfBaseException, ValueError)


def explain(error: BaseException) -> str:
    """Return what is wrong with a request, as Hydra or OmegaConf refuses it.

    What was typed is checked before; see `overrides`. What is left lies in files and flags: a
    choice that a file names, an environment variable that is not set, a folder that is not there.
    """
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        return (
            f"{group}: {unknown(name, 'a choice', error.options)} The defaults of a file name it."
        )
    if isinstance(error, MissingConfigException):
        return _flat(str(error).partition("Search path:")[0])
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OmegaConfBaseException) and not isinstance(error, OmegaConfBaseException):
        error = cause
    if isinstance(error, OmegaConfBaseException):
        first, _, more = str(error).partition("\n")
        raised = _RESOLVING.fullmatch(first)
        place = _KEY.search(more)
        text = raised[1] if raised else first
        return f"{place[1]}: {_flat(text)}" if place else _flat(text)
    return _flat(str(error))


def _flat(text: str) -> str:
    return " ".join(text.split())

"""Explain an error of Hydra or OmegaConf in one line."""

from __future__ import annotations

import re

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from nnpipe.config.registry import unknown

_RESOLVING = re.compile(r"\w+ raised while resolving interpolation: [\"']*(.*?)[\"']*")
_KEY = re.compile(r"full_key: (\S+)")

# Hydra raises a bare ValueError if the choice of a group is not a name, as in input=3.
Refusal = (HydraException, OmegaConfBaseException, ValueError)


def explain(error: BaseException) -> str:
    """Return the message for a request that Hydra or OmegaConf refuses.

    `overrides` has already checked what was typed. The remaining errors are in files and flags: an
    unknown choice in a file, an environment variable that is not set, a missing folder.
    """
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        return (
            f"{group}: {unknown(name, 'a choice', error.options)} It is in a file's defaults list."
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

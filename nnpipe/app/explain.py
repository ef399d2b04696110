"""Explain what Hydra refuses, in one line."""

from __future__ import annotations

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from nnpipe.config.registry import unknown

# For a group's choice that is no name, as in input=3, Hydra raises a bare ValueError.
Refusal = (HydraException, OmegaConfBaseException, ValueError)


def explain(error: BaseException) -> str:
    """Return what is wrong with a request, as Hydra or OmegaConf refuses it.

    What was typed is checked before; see `overrides`. What is left lies in files and flags: a
    choice that a file names, an environment variable that is not set, a folder that is not there.
    """
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        where = str(error).partition("Could not find")[0].strip().removeprefix("In ").rstrip(":")
        place = f" in {where}" if where else ""
        return f"{group}: {unknown(name, 'a choice', error.options)} It is named{place}."
    if isinstance(error, MissingConfigException):
        return _flat(str(error).partition("Search path:")[0])
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OmegaConfBaseException):
        error = cause
    if isinstance(error, OmegaConfBaseException):
        key = getattr(error, "full_key", None)
        text = _flat(str(error.msg or error).partition("\n")[0])
        return f"{key}: {text}" if key else text
    return _flat(str(error))


def _flat(text: str) -> str:
    return " ".join(text.split())

"""Where samples come from: files, and random numbers."""

from __future__ import annotations

from typing import Any

from nnpipe.config.registry import Registry, unknown
from nnpipe.config.schema import InputConfig
from nnpipe.errors import ConfigError
from nnpipe.sources.base import Source, SourceKind

SOURCES = Registry(
    "an input source",
    "nnpipe.sources",
    {
        "random": "nnpipe.sources.random:RANDOM",
        "hdf5": "nnpipe.sources.hdf5:HDF5",
        "idx": "nnpipe.sources.idx:IDX",
        "npy": "nnpipe.sources.npy:NPY",
    },
)


def source_kind(name: str) -> SourceKind:
    """Return what an input source's name stands for.

    Raises
    ------
    ConfigError
        If the name is unknown, or stands for something else in the package that adds it.
    """
    # The name comes from YAML, where it can be anything; what cannot be hashed is in no registry.
    given: Any = name
    if not isinstance(given, str):
        raise ConfigError([unknown(given, SOURCES.kind, SOURCES.names)])
    kind = SOURCES.load(name)
    if not isinstance(kind, SourceKind):
        found = type(kind).__name__
        problem = f"{SOURCES.group}: {name!r} is a {found}; expected a SourceKind"
        raise ConfigError([problem])
    return kind


def input_schema(name: str) -> type[InputConfig]:
    """Return the config schema of an input source's name, or raise ConfigError."""
    return source_kind(name).schema


def open_source(config: InputConfig, seed: int) -> Source:
    """Open the input source that a config describes.

    Parameters
    ----------
    config : InputConfig
        The config's `input`.
    seed : int
        The run's seed, for sources that are random.

    Raises
    ------
    ConfigError
        If the kind is unknown.
    DataError
        If the data is missing, unreadable, of the wrong kind or of the wrong shape.
    """
    try:
        kind = source_kind(config.kind)
    except ConfigError as error:
        raise ConfigError([f"input.kind: {problem}" for problem in error.problems]) from error
    return kind.open(config, seed)

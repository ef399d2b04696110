"""Read YAML, JSON and text files of a run as plain values, within bounds; nothing is called.

The files may come from anyone. Every text file of a run is read here, and every HDF5 file in
`nnpipe.hdf5`. Size, depth and number of values are bounded, the size before anything is parsed.
Aliases, which can make a small file expand, are refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedReader
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml

from nnpipe.errors import RunError
from nnpipe.system.files import open_regular, reason

MAX_BYTES = 4 << 20
MAX_DEPTH = 32
MAX_VALUES = 100_000
"""Most values in a YAML file."""

MAX_JSON_VALUES = 250_000
"""Most values in a JSON text. They cost less, and a manifest lists every part of a run."""

MAX_LINES_BYTES = 64 << 20
"""Largest file of JSON lines, in bytes; no line may exceed `MAX_BYTES`."""

CALLS = frozenset({"_target_", "_args_", "_partial_", "_recursive_", "_convert_"})
"""Keys that make Hydra call something."""

# A longer value without quotes could be a number that takes long to parse.
_PLAIN = 4096
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_RESOLVERS: dict[Any, Any] = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _TAGS]
    for first, resolvers in cast("Any", yaml.SafeLoader).yaml_implicit_resolvers.items()
}
_REFERENCE = re.compile(r"\$\{[A-Za-z_][\w.]*\}")


def read_json(path: Path) -> Any:
    """Return the value in a JSON file: no key twice, no NaN, at most `MAX_DEPTH` deep.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    RunError
        If it cannot be read.
    """
    return parse_json(read_text(path), str(path))


def parse_json(text: str, where: str) -> Any:
    """Return the value of a JSON text; see `read_json`.

    Raises
    ------
    RunError
        If it cannot be read; the message begins with `where`.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            problem = "a key occurs twice"
            raise ValueError(problem)
        return found

    def no_number(text: str) -> NoReturn:
        problem = f"{text} is not a JSON number"
        raise ValueError(problem)

    def number(text: str) -> float:
        found = float(text)
        if not math.isfinite(found):
            problem = f"the number {text[:80]} is too large"
            raise ValueError(problem)
        return found

    try:
        value = json.loads(
            text, object_pairs_hook=unique, parse_constant=no_number, parse_float=number
        )
        _check_size(value)
    except (ValueError, RecursionError) as error:
        raise _unreadable(where, error) from None
    return value


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a file with one object a line, such as a journal.

    An unfinished last line is skipped: its writer was killed.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    RunError
        If it cannot be read.
    """
    with _opened(path) as file:
        left = MAX_LINES_BYTES
        for number in count(1):
            line = file.readline(MAX_BYTES + 1)
            left -= len(line)
            if left < 0 or len(line) > MAX_BYTES:
                problem = f"found more than {MAX_LINES_BYTES >> 20} MiB, or a line of more than "
                raise _unreadable(path, ValueError(f"{problem}{MAX_BYTES >> 20} MiB"))
            if not line.endswith(b"\n"):
                return
            found = parse_json(_decoded(line, path), f"{path}, line {number}")
            if not isinstance(found, dict):
                raise _unreadable(path, ValueError(f"line {number} is not a JSON object"))
            yield cast("dict[str, Any]", found)


def read_yaml(path: Path) -> Any:
    """Return the value in a YAML file, limited to what JSON can hold: no anchors, tags or dates.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    RunError
        If it cannot be read.
    """
    text = read_text(path)
    try:
        # _Loader is a stricter SafeLoader.
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None


def refuse_calls(value: Any, where: str) -> None:
    """Refuse a value that Hydra or OmegaConf would call or look up when composing it again.

    A reference to another key, such as ``${seed}``, is accepted; one to a resolver, such as
    ``${oc.env:HOME}``, is refused.

    Raises
    ------
    RunError
        With the key that holds such a value.

    >>> refuse_calls({"output": {"name": "${oc.env:HOME}"}}, "config.yaml")
    Traceback (most recent call last):
        ...
    nnpipe.errors.RunError: config.yaml: output.name: found '${oc.env:HOME}'; expected a plain value
    """
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        key, found = waiting.pop()
        if isinstance(found, dict):
            items = cast("dict[str, Any]", found)
            for name in items.keys() & CALLS:
                problem = f"{where}: {key}{name}: found in a stored config; nothing in it is called"
                raise RunError(problem)
            waiting += [(f"{key}{name}.", entry) for name, entry in items.items()]
        elif isinstance(found, list):
            entries = cast("list[Any]", found)
            waiting += [(f"{key}{place}.", entry) for place, entry in enumerate(entries)]
        elif isinstance(found, str) and "${" in _REFERENCE.sub("", found):
            problem = f"{where}: {key.rstrip('.')}: found {found[:80]!r}; expected a plain value"
            raise RunError(problem)


def read_text(path: Path, most: int = MAX_BYTES) -> str:
    """Return the content of a UTF-8 text file.

    Parameters
    ----------
    path : Path
    most : int
        Largest size in bytes.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    RunError
        If it is a link or not a regular file, is too large, or cannot be read.
    """
    with _opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise _unreadable(path, ValueError(f"found more than {most >> 20} MiB"))
    return _decoded(content, path)


@contextmanager
def _opened(path: Path) -> Generator[BufferedReader]:
    try:
        with open_regular(path) as file:
            yield file
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except ValueError as error:
        raise _unreadable(path, error) from None


class _Loader(yaml.SafeLoader):
    """Loads mappings, lists, strings, numbers and booleans, and counts them while parsing."""

    yaml_implicit_resolvers = _RESOLVERS
    _depth = _values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = cast("Any", self).peek_event()
        self._values += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            problem = "it has an anchor or an alias"
        elif event.tag is not None:
            problem = f"it has the tag {event.tag[:80]!r}"
        elif self._values > MAX_VALUES:
            problem = f"it holds more than {MAX_VALUES:,} values"
        elif self._depth > MAX_DEPTH:
            problem = f"it is more than {MAX_DEPTH} levels deep"
        elif isinstance(event, yaml.ScalarEvent) and not event.style and len(event.value) > _PLAIN:
            problem = f"it has a value of {len(event.value):,} characters without quotes"
        else:
            self._depth += 1
            node: Any = super().compose_node(parent, index)
            self._depth -= 1
            return node
        raise ValueError(problem)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            problem = "a key occurs twice"
            raise ValueError(problem)
        if "<<" in found:
            # Hydra's reader would merge it, and compose something other than was checked here.
            problem = "it has a merge key"
            raise ValueError(problem)
        return found


def _check_size(value: Any) -> None:
    waiting: list[tuple[int, Any]] = [(0, value)]
    values = 0
    while waiting:
        depth, found = waiting.pop()
        if depth > MAX_DEPTH:
            problem = f"it is more than {MAX_DEPTH} levels deep"
            raise ValueError(problem)
        if isinstance(found, dict | list):
            inside = cast("dict[Any, Any] | list[Any]", found)
            values += len(inside)
            if values > MAX_JSON_VALUES:
                problem = f"it holds more than {MAX_JSON_VALUES:,} values"
                raise ValueError(problem)
            entries = inside.values() if isinstance(inside, dict) else inside
            waiting += [(depth + 1, entry) for entry in entries if entry]


def _unreadable(path: str | Path, error: BaseException) -> RunError:
    what = "it is too deep" if isinstance(error, RecursionError) else reason(error)
    return RunError(f"{path}: cannot be read: {what[:200]}")

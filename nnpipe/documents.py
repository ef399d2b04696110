"""Read the YAML and the JSON of a run: bounded, plain values alone, nothing called or looked up.

The files may come from anyone. Size, depth and the number of values are bounded before anything
is built, and so is what makes a small file large: aliases.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml

from nnpipe.errors import RunError
from nnpipe.files import reason

MAX_BYTES = 4 << 20
MAX_DEPTH = 32
MAX_VALUES = 100_000
"""How many values a YAML file may hold."""

CALLS = frozenset({"_target_", "_args_", "_partial_", "_recursive_", "_convert_"})
"""Keys by which Hydra would call something."""

# A longer value without quotes could be a number that takes a while to be read.
_PLAIN = 4096
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_RESOLVERS: dict[Any, Any] = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _TAGS]
    for first, resolvers in cast("Any", yaml.SafeLoader).yaml_implicit_resolvers.items()
}
_REFERENCE = re.compile(r"\$\{[A-Za-z_][\w.]*\}")


def read_json(path: Path) -> Any:
    """Return what a JSON file says: no key twice, no NaN, at most `MAX_DEPTH` deep.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RunError
        If it cannot be read.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            problem = "a key stands in it twice"
            raise ValueError(problem)
        return found

    def no_number(text: str) -> NoReturn:
        problem = f"{text} is no number of JSON"
        raise ValueError(problem)

    text = read_text(path)
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=no_number)
        _check_depth(value)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None
    return value


def read_yaml(path: Path) -> Any:
    """Return what a YAML file says, of what JSON could say too: no anchors, no tags, no dates.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RunError
        If it cannot be read.
    """
    text = read_text(path)
    try:
        # The loader is PyYAML's safe one, made stricter.
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None


def refuse_calls(value: Any, where: str) -> None:
    """Refuse what Hydra or OmegaConf would call or look up, were the value composed again.

    A reference to another key, ``${seed}``, is let through; whatever names a resolver, such as
    ``${oc.env:HOME}``, is not.

    Raises
    ------
    RunError
        With the key.

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


def read_text(path: Path) -> str:
    """Return a UTF-8 text of at most `MAX_BYTES`, never through a link and never from a pipe.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RunError
        If it cannot be read.
    """
    try:
        # A link could lead anywhere, and a pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                problem = "not a regular file"
                raise ValueError(problem)
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            problem = f"found more than {MAX_BYTES >> 20} MiB"
            raise ValueError(problem)
        return content.decode("utf-8")
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        linked = isinstance(error, OSError) and error.errno == errno.ELOOP
        raise _unreadable(path, ValueError("it is a link") if linked else error) from None


class _Loader(yaml.SafeLoader):
    """Builds mappings, lists, texts, numbers and truth values, and counts them as it goes."""

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
            problem = "a key stands in it twice"
            raise ValueError(problem)
        return found


def _check_depth(value: Any) -> None:
    waiting: list[tuple[int, Any]] = [(0, value)]
    while waiting:
        depth, found = waiting.pop()
        if depth > MAX_DEPTH:
            problem = f"it is more than {MAX_DEPTH} levels deep"
            raise ValueError(problem)
        if isinstance(found, dict | list):
            inside = cast("dict[Any, Any] | list[Any]", found)
            entries = inside.values() if isinstance(inside, dict) else inside
            waiting += [(depth + 1, entry) for entry in entries if entry]


def _unreadable(path: Path, error: BaseException) -> RunError:
    what = "it is too deep" if isinstance(error, RecursionError) else reason(error)
    return RunError(f"{path}: cannot be read: {what[:200]}")

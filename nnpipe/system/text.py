"""Make untrusted text safe for its destination: a terminal, a spreadsheet, JSON."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from typing import Any, cast

_FORMULA = re.compile(r"'*[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def printable(text: str) -> str:
    r"""Return a text with every control character except line breaks replaced.

    A terminal obeys control characters, and a lone surrogate cannot be encoded as UTF-8.

    >>> printable("a\x1b[2Jb\ud800")
    'a�[2Jb�'
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


class PrintableFormatter(logging.Formatter):
    """A formatter whose output is printable, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines."""
        return printable(super().format(record))


def to_cell(value: Any) -> Any:
    r"""Return a value as a CSV cell that no spreadsheet reads as a formula.

    Numbers stay numbers. A text loses its control characters. A text that begins like a formula,
    with or without apostrophes before it, gets one more apostrophe, which `from_cell` removes.

    References
    ----------
    OWASP, "CSV Injection".

    >>> [to_cell(value) for value in (-1, "-1e-3", "=cmd|x", "\t@a\x1b[2J", "'=a", "a")]
    [-1, '-1e-3', "'=cmd|x", "'@a[2J", "''=a", 'a']
    """
    if not isinstance(value, str):
        return value
    text = "".join(c for c in value if c.isprintable())
    formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if formula else text


def from_cell(text: str) -> str:
    """Return the text from which `to_cell` made a cell.

    >>> from_cell("'=cmd|x"), from_cell("''=a"), from_cell("'a'"), from_cell("-1")
    ('=cmd|x', "'=a", "'a'", '-1')
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def to_json(value: Any) -> str:
    r"""Return a value as ASCII JSON without control characters; a non-finite number is null.

    >>> to_json({"a": float("inf"), "b": "\x1b\x7fé"}).split()
    ['{', '"a":', 'null,', '"b":', '"\\u001b\\u007f\\u00e9"', '}']
    """
    text = json.dumps(finite(value), indent=2, allow_nan=False, default=str)
    # json does not escape DEL.
    return text.replace("\x7f", "\\u007f")


def finite(value: Any) -> Any:
    """Return nested mappings and lists with None in place of each non-finite number.

    >>> finite({"a": [1.5, float("nan")]})
    {'a': [1.5, None]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in cast("list[Any]", value)]
    return value

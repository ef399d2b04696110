"""Build an SVG drawing from elements; the standard library's XML escapes their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

WIDTH = 420
"""The width of most drawings: about life-size on a phone, slightly enlarged on a desktop."""

# XML cannot represent these characters, and HTML replaces or refuses them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class Canvas:
    """An SVG drawing that scales with the page.

    Parameters
    ----------
    width, height : float
        In its own units; text is about 12 units high.
    title : str
        The text for screen readers.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width = width
        self._root = ET.Element(
            "svg",
            {
                "viewBox": f"0 0 {_text(width)} {_text(height)}",
                "role": "img",
                "aria-label": _text(title),
                "style": f"--width:{_text(width)}px",
            },
        )

    def add(self, tag: str, text: str = "", *, hint: str = "", **attributes: Any) -> None:
        """Add an element.

        Parameters
        ----------
        text : str
            Its content.
        hint : str
            What is shown when the pointer is on it.
        **attributes
            Numbers and texts; ``fill_opacity`` stands for ``fill-opacity``, ``kind`` for ``class``.
        """
        named = {
            "class" if name == "kind" else name.replace("_", "-"): _text(value)
            for name, value in attributes.items()
        }
        element = ET.SubElement(self._root, tag, named)
        element.text = _text(text)
        if hint:
            ET.SubElement(element, "title").text = _text(hint)

    def write(self, x: float, y: float, text: str, kind: str = "", anchor: str = "") -> None:
        """Write a line of text; `anchor` is start, middle or end."""
        places = {"text_anchor": anchor} if anchor else {}
        self.add("text", text, x=x, y=y, **({"kind": kind} if kind else {}), **places)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """Draw a straight line."""
        self.add("path", d=f"M{_text(x1)} {_text(y1)}L{_text(x2)} {_text(y2)}", kind=kind)

    def source(self) -> str:
        """Return the drawing as SVG text."""
        return ET.tostring(self._root, encoding="unicode")


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return straight lines through the points, as the `d` of a path."""
    return "M" + "L".join(f"{_text(x)} {_text(y)}" for x, y in points)


def clip(text: str, letters: int) -> str:
    """Shorten a text to a number of letters.

    >>> clip("architecture.width", 10)
    'architect…'
    """
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    return f"{float(value):.2f}".rstrip("0").rstrip(".")

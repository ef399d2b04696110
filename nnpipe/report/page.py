"""Render a page: one self-contained HTML file that loads nothing and runs only its own script."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from nnpipe.report import numbers
from nnpipe.report.figures import Figure
from nnpipe.report.svg import draw
from nnpipe.system.text import printable

_TEMPLATES = Path(__file__).parent / "templates"


def fill(template: str, **values: Any) -> str:
    """Return a rendered template; every value is escaped, since names may come from strangers."""
    return printable(_environment().get_template(template).render(**values))


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def svg(figure: Figure) -> Markup:
        return Markup(draw(figure))

    def text(value: float, name: str) -> str:
        return numbers.metric_text(name, value)

    environment: Any = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = (
        (_TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    # The browser runs only the script with this checksum, and loads nothing.
    checksum = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {
        "style": Markup(style),
        "script": Markup(script),
        "policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{checksum}'",
    }
    environment.filters |= {
        "svg": svg,
        "share": numbers.share,
        "short": numbers.short,
        "metric": text,
    }
    return environment

"""Write the YAML files of kinds from their options, with values and comments.

    python scripts/write_conf.py

A file keeps the comment at its beginning. A test fails when a file is out of date.
"""

from __future__ import annotations

import dataclasses
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from nnpipe.app.kind_source import GROUPS
from nnpipe.config.kind import Choice
from nnpipe.runs.options import OutputOptions
from nnpipe.training.options import TrainingOptions

CONF = Path(__file__).parents[1] / "conf"
WIDTH = 100


def files() -> Iterator[tuple[Path, str]]:
    """Yield each file that depends only on options, with its content."""
    for group, registry in GROUPS.items():
        for name in registry.built_in:
            if (group, name) != ("architecture", "stack"):
                path = CONF / group / f"{name}.yaml"
                options = registry.load(name).options()
                yield path, _document(path, [f"kind: {name}", *_lines(options)])
    for name, section in (("output", OutputOptions()), ("training", TrainingOptions())):
        path = CONF / name / "default.yaml"
        yield path, _document(path, _lines(section))


def _document(path: Path, lines: Iterable[str]) -> str:
    begin, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
    return "\n".join([begin, "", *lines]) + "\n"


def _lines(options: Any, indent: str = "") -> Iterator[str]:
    listed: list[Any] = []
    for field in dataclasses.fields(options):
        value, doc = getattr(options, field.name), field.metadata["doc"]
        registry = field.metadata.get("registry")
        if registry is not None:
            doc += "; same choices as above" if registry in listed else f"; {_kinds(registry)}"
            listed.append(registry)
        among = getattr(field.metadata.get("limits"), "among", ())
        if among and isinstance(value, list):
            doc += f": {', '.join(among)}"
        if dataclasses.is_dataclass(value) and not isinstance(value, Choice):
            yield f"{indent}{field.name}:   # {doc}"
            yield from _lines(value, f"{indent}  ")
            continue
        line = f"{indent}{field.name}: {_text(value)}"
        if len(line) + len(doc) + 5 <= WIDTH:
            yield f"{line}   # {doc}"
        else:
            begin = {"initial_indent": f"{indent}# ", "subsequent_indent": f"{indent}#   "}
            yield from textwrap.wrap(doc, WIDTH, **begin)
            yield line


def _text(value: Any) -> str:
    """Return a value in YAML. A kind is its bare name."""
    plain = value.kind if isinstance(value, Choice) else value
    text = yaml.safe_dump(plain, default_flow_style=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")


def _kinds(registry: Any) -> str:
    """Return the names of a registry's kinds, each with its own options."""
    options = {
        name: [field.name for field in dataclasses.fields(registry.load(name).options)]
        for name in registry.built_in
    }
    shared = set.intersection(*map(set, options.values()))
    found: list[str] = []
    for name, names in options.items():
        own = ", ".join(option for option in names if option not in shared)
        found.append(f"{name} ({own})" if own else name)
    return ", ".join(found) + (f"; each: {', '.join(sorted(shared))}" if shared else "")


def main() -> None:
    """Write the files that have changed."""
    for path, text in files():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(CONF.parent))


if __name__ == "__main__":
    main()

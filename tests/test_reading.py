"""docs/reading.md leads to files and names that are there, and to few enough of them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/reading.md").read_text(encoding="utf-8")
WALKS = dict(zip(("sample", "step"), TEXT.split("\n## ")[1:], strict=True))
STEP = re.compile(r"^\d+\. \[(\S+)\]\(\.\./(\S+)\)(?:, `(\w+)`)?", re.MULTILINE)


@pytest.mark.parametrize(("walk", "most"), [("sample", 12), ("step", 10)])
def test_a_walk_leads_through_few_files_to_what_it_names(walk, most):
    found = STEP.findall(WALKS[walk])
    assert 5 <= len(found) <= most
    assert len({path for path, _, _ in found}) == len(found)
    for shown, path, name in found:
        assert shown == path
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not name or re.search(rf"^ *(def|class) {name}\b", source, re.MULTILINE), name

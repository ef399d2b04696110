"""The tests mirror the package: each module has a test file, or one that names it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path.relative_to(ROOT / "nnpipe")
    for path in (ROOT / "nnpipe").rglob("*.py")
    if path.name != "__init__.py"
)
DOCSTRINGS = {
    path.relative_to(ROOT / "tests"): ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    for path in (ROOT / "tests").rglob("test_*.py")
}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_a_test_file_of_its_name_or_one_beside_it_that_names_it(module):
    if module.with_name(f"test_{module.name}") in DOCSTRINGS:
        return
    beside = [text for path, text in DOCSTRINGS.items() if path.parent in module.parents]
    named = rf"\b{re.escape(module.name)}|{re.escape(str(module.parent))}/\*"
    assert any(re.search(named, text) for text in beside)


def test_every_test_file_says_what_it_tests():
    assert [path for path, text in DOCSTRINGS.items() if not text] == []

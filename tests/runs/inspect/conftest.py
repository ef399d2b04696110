from __future__ import annotations

import pytest

import nnpipe


@pytest.fixture
def root(tmp_path):
    return tmp_path / "outputs"


@pytest.fixture
def make(root):
    def make(**changes):
        given = {
            "architecture": {"sizes": [4, 3]},
            "input": {"samples": 20, "features": 5},
            "output": {"root": str(root), "report": False},
            **changes,
        }
        with nnpipe.run(given) as run:
            return run

    return make

"""Copies of the frozen folder to work in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

FROZEN = Path(__file__).parent / "v0.1.0"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the frozen folder, for tests that only read it."""
    return shutil.copytree(FROZEN, tmp_path_factory.mktemp("frozen") / "copy", symlinks=True)


@pytest.fixture
def place(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in the shared copy."""
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of one's own, for tests that add to it."""
    folder = shutil.copytree(FROZEN, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(folder)
    return folder

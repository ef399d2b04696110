"""What all tests share: Hydra's global state restored, hypothesis without deadlines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra

hypothesis.settings.register_profile("nnpipe", deadline=None)
hypothesis.settings.load_profile("nnpipe")

# A shell that starts the tests in the background has them ignore interrupts, and what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
MNIST = ROOT.parent / "shared" / "data" / "mnist"

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def _hydra_as_it_was() -> Iterator[None]:
    store = ConfigStore.instance()
    before = dict(store.repo)
    yield
    store.repo = before
    GlobalHydra.instance().clear()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a function that runs ``scripts/run.py`` with arguments, in tmp_path."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "run.py"), *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def mnist() -> Path:
    """Return the folder with the real MNIST test images and labels."""
    if not MNIST.is_dir():
        reason = f"the MNIST files are not in {MNIST}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return MNIST

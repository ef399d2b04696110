"""What all tests share: Hydra's global state restored, nothing left, no deadlines."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra

from tests.processes import call, still_running

hypothesis.settings.register_profile("nnpipe", deadline=None)
hypothesis.settings.load_profile("nnpipe")

# A shell that starts the tests in the background has them ignore interrupts, and what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Pytest's own folders stay where they are; what nnpipe and its tests put beside them is seen.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
TEMPORARY = Path(tempfile.mkdtemp(prefix="nnpipe-tests-"))
os.environ["TMPDIR"] = tempfile.tempdir = str(TEMPORARY)

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


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Fail at the end where tests have left processes, or files in the temporary folder."""
    yield
    assert still_running(TEMPORARY) == []
    # PyTorch and Dask have a folder each that they keep and tidy themselves.
    theirs = ("torchinductor_", "dask-scratch-space")
    assert [path for path in TEMPORARY.iterdir() if not path.name.startswith(theirs)] == []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run all tests on every core, and a few that are named in this process."""
    named = config.args_source == pytest.Config.ArgsSource.ARGS
    return 0 if named else len(os.sched_getaffinity(0))


def pytest_unconfigure() -> None:
    shutil.rmtree(TEMPORARY, ignore_errors=True)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a function that does what ``scripts/run.py`` does with arguments, in tmp_path.

    It calls the function that the script calls. Where the process is what is tested, start
    `processes.RUN`.
    """

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        from nnpipe.app.main import main

        return call(main, *arguments, folder=tmp_path, **environment)

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

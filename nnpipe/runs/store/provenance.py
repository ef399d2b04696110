"""The provenance of a result: software versions, the BLAS kernel, the commit."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import h5py
import numpy as np
from threadpoolctl import threadpool_info  # pyright: ignore[reportUnknownVariableType]

from nnpipe.system.interrupts import run_uninterrupted


@cache
def software() -> dict[str, str]:
    """Return the versions of the software that a result depends on."""
    return {
        "nnpipe": package_version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "h5py": h5py.version.version,
        "hdf5": h5py.version.hdf5_version,
        "platform": platform.platform(),
    }


@cache
def package_version() -> str:
    """Return nnpipe's version, or `unknown` if it is not installed."""
    try:
        return version("nnpipe")
    except PackageNotFoundError:
        return "unknown"


def blas() -> list[dict[str, Any]]:
    """Return the BLAS libraries in this process: name, version, kernel, threads."""
    libraries = cast("list[dict[str, Any]]", run_uninterrupted(threadpool_info)())
    return [
        {
            "name": library.get("internal_api"),
            "version": library.get("version"),
            "kernel": library.get("architecture"),
            "threads": library.get("num_threads"),
        }
        for library in libraries
        if library.get("user_api") == "blas"
    ]


@cache
def git_commit() -> str | None:
    """Return the commit checked out in the working folder, or None outside of git."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None

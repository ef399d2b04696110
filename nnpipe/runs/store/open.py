"""Open a complete run after checking its checksums: its config, network, outputs and metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnpipe.config.defaults import complete
from nnpipe.config.moved import move_keys
from nnpipe.errors import RunError
from nnpipe.network.network import Network, Prepare, plain
from nnpipe.runs.store.manifest import Manifest, read_manifest, verify
from nnpipe.runs.store.parameters import read_parameters
from nnpipe.runs.store.virtual import find_result, open_results
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.system.documents import read_yaml, refuse_calls

CONFIG, OVERRIDES, LOG = "config.yaml", "overrides.yaml", "run.log"
PARAMETERS, RESULTS = "parameters.h5", "results.h5"


class Run:
    """A complete run on disk; as a context manager it closes its files.

    Attributes
    ----------
    path : Path
        The run's folder, absolute.
    manifest : Manifest
        Status, metrics, provenance, artifacts.
    """

    def __init__(self, path: Path, manifest: Manifest, prepare: Prepare = plain) -> None:
        self.path = path
        self.manifest = manifest
        self._prepare = prepare
        self._results: h5py.File | None = None

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved config of config.yaml, with today's keys."""
        path = self.path / CONFIG
        config = read_yaml(path)
        if not isinstance(config, dict):
            problem = f"{path}: not a config; expected a YAML mapping"
            raise RunError(problem)
        refuse_calls(config, str(path))
        return complete(move_keys(cast("dict[str, Any]", config))[0])

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The metrics that the stages measured, by name, as in the manifest."""
        return self.manifest.metrics

    @cached_property
    def network(self) -> Network:
        """The network, with the parameters that made the outputs."""
        return Network(tuple(self._stored[0]), self._prepare)

    @property
    def normalization(self) -> Normalization:
        """The normalization of the input, with its statistics."""
        return self._stored[1]

    @cached_property
    def _stored(self) -> tuple[list[Any], Normalization]:
        return read_parameters(self.path / PARAMETERS)

    def predict(self, x: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return the outputs for samples as the run's input has them: normalized, then computed.

        `network` is the bare network, which expects normalized numbers.

        Parameters
        ----------
        x : array-like of real numbers, (features,) or (samples, features)

        Returns
        -------
        (outputs,) or (samples, outputs) array of the network's dtype

        Raises
        ------
        DataError
            If `x` contains anything but real numbers, or has another shape.
        """
        samples = self.network.samples(x)
        if not self.normalization.identity:
            rows = samples.reshape(-1, self.network.inputs)
            samples = self.normalization.apply(rows, self.network.dtype).reshape(samples.shape)
        return self.network(samples)

    @property
    def outputs(self) -> Any:
        """The outputs, (samples, neurons of the last layer): a dataset, read by slicing."""
        return find_result(self.results, "outputs")

    @property
    def results(self) -> Any:
        """The file results.h5, open for reading."""
        if not self._results:
            self._results = open_results(self.path / RESULTS, self.manifest.artifacts)
        return self._results

    def close(self) -> None:
        """Close the open files."""
        if self._results:
            self._results.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.manifest.status})"


def open_run(path: str | os.PathLike[str], prepare: Prepare = plain) -> Run:
    """Open a complete run after checking the size and the SHA-256 of each artifact.

    Parameters
    ----------
    path : path
        The run's folder, for example ``outputs/default/v0001`` or ``outputs/default/latest``.

    Raises
    ------
    RunError
        If there is no run, if it is not complete, or if an artifact is missing or altered.
    """
    folder = Path(path).resolve()
    if not folder.is_dir():
        problem = f"{path}: not a folder; expected a run, such as outputs/default/v0001"
        raise RunError(problem)
    manifest = read_manifest(folder)
    if manifest.kind != "run":
        problem = (
            f"{path}: a {manifest.kind}, not a run. "
            f"Open one of the runs in it, such as {Path(path) / 'runs' / '000'}."
        )
        raise RunError(problem)
    if manifest.status != "complete":
        problem = f"{path}: the run is {manifest.status}, not complete: {manifest.error}"
        raise RunError(problem)
    missing = {CONFIG, PARAMETERS, RESULTS} - set(manifest.artifacts)
    problems = [f"{folder / name}: not in the manifest" for name in sorted(missing)]
    problems += verify(folder, manifest)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise RunError(problems[0] + more)
    return Run(folder, manifest, prepare)

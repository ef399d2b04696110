"""Verify runs: every checksum, the structure of every file, and that all numbers are finite."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from nnpipe.errors import NnpipeError, RunError
from nnpipe.hdf5 import list_datasets
from nnpipe.hdf5.links import link_of
from nnpipe.network.network import Network
from nnpipe.runs.inspect.details import read_yaml
from nnpipe.runs.inspect.state import jobs, look
from nnpipe.runs.store.manifest import FILE, Manifest, verify
from nnpipe.runs.store.open import CONFIG, PARAMETERS, RESULTS
from nnpipe.runs.store.parameters import read_parameters
from nnpipe.runs.store.virtual import find_result, open_results
from nnpipe.system.documents import read_text

_TOGETHER = 16 << 20


def digest(folder: Path) -> str | None:
    """Return the SHA-256 that identifies a run or a sweep with all its jobs, in hexadecimal.

    The digest of a run is the SHA-256 of manifest.json, which holds the SHA-256 of all other files.
    The manifest of a sweep does not list the files of its jobs, so the digest of a sweep covers
    their manifests too: ``sha256sum manifest.json runs/*/manifest.json | sha256sum`` prints it.

    Returns
    -------
    str or None
        None if the folder has no readable manifest.
    """
    kind = look(folder).kind
    inside = sorted(job.name for job in jobs(folder)) if kind == "sweep" else []
    sums: dict[str, str] = {}
    for name in (FILE, *(f"runs/{job}/{FILE}" for job in inside)):
        with suppress(FileNotFoundError, RunError):
            sums[name] = _sha256(read_text(folder / name))
    if FILE not in sums or kind != "sweep":
        return sums.get(FILE)
    return _sha256("".join(f"{found}  {name}\n" for name, found in sums.items()))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def verify_run(folder: Path) -> list[str]:
    """Return one line for each problem of a run, or of a sweep and all its jobs."""
    state = look(folder)
    manifest = state.manifest
    if manifest is None:
        return [state.problem or f"{folder}: the {state.kind} is {state.status}, not complete"]
    problems = verify(folder, manifest)
    if manifest.status != "complete":
        problems.insert(0, f"{folder}: the {manifest.kind} is {manifest.status}: {manifest.error}")
    if manifest.kind == "sweep":
        return problems + [line for job in jobs(folder) for line in verify_run(job)]
    if problems:
        return problems
    missing = [name for name in (CONFIG, PARAMETERS, RESULTS) if name not in manifest.artifacts]
    if missing:
        return [f"{folder / name}: missing; the manifest does not list it" for name in missing]
    if not isinstance(read_yaml(folder / CONFIG), dict):
        problems.append(f"{folder / CONFIG}: not a config; expected a YAML mapping")
    try:
        layers, _ = read_parameters(folder / PARAMETERS)
        network = Network(tuple(layers))
        problems += _check_network(folder, network, manifest)
        problems += _check_parameters(folder / PARAMETERS, network)
        problems += _check_results(folder / RESULTS, network, manifest)
    except NnpipeError as error:
        problems.append(str(error))
    return problems


def _check_network(folder: Path, network: Network, manifest: Manifest) -> list[str]:
    stored = [(la.name, la.kind, la.activation, la.inputs, la.outputs) for la in network.layers]
    keys = ("name", "kind", "activation", "inputs", "neurons")
    listed = [{"kind": "dense", **layer} for layer in manifest.network]
    if stored == [tuple(layer[key] for key in keys) for layer in listed]:
        return []
    return [f"{folder / FILE}: network is not the one in {PARAMETERS}"]


def _check_parameters(path: Path, network: Network) -> list[str]:
    return [
        f"{path}: layer {layer.name!r} has {lost:,} parameters that are not finite"
        for layer in network.layers
        if (lost := sum(int(np.count_nonzero(~np.isfinite(a))) for a in layer.arrays.values()))
    ]


def _check_results(path: Path, network: Network, manifest: Manifest) -> list[str]:
    problems: list[str] = []
    with open_results(path, manifest.artifacts) as file:
        if link_of(file["/"], "outputs") is None:
            return [f"{path}: no /outputs"]
        outputs: Any = find_result(file, "outputs")
        expected = (manifest.metrics.get("samples"), network.outputs)
        if outputs.shape != expected:
            return [f"{path}: /outputs has the shape {outputs.shape}; expected {expected}"]
        # Non-finite inputs, which the run counts, lead to non-finite outputs.
        if not manifest.metrics.get("nonfinite_inputs"):
            problems += _check_finite(path, "/outputs", outputs)
        kept = {one.path for one in list_datasets(file)}
        for layer in network.layers:
            name, shape = f"/activations/{layer.name}", (outputs.shape[0], layer.outputs)
            found = find_result(file, name).shape if name in kept else shape
            if found != shape:
                problems.append(f"{path}: {name} has the shape {found}")
    return problems


def _check_finite(path: Path, name: str, dataset: Any) -> list[str]:
    step = max(1, _TOGETHER // max(1, dataset.shape[1] * dataset.dtype.itemsize))
    lost, first = 0, None
    for start in range(0, dataset.shape[0], step):
        try:
            finite = np.isfinite(dataset[start : start + step]).all(axis=1)
        except OSError as error:
            return [f"{path}: {name} cannot be read near row {start}: {error}"]
        if not finite.all():
            lost += int(np.count_nonzero(~finite))
            first = start + int(np.argmin(finite)) if first is None else first
    if first is None:
        return []
    return [f"{path}: {name} has {lost:,} rows that are not finite, the first is row {first}"]

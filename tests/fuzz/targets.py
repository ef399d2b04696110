"""What is fuzzed: each target takes bytes, and may raise nothing but nnpipe's own errors.

They are shared by `fuzz.py`, which mutates with coverage (atheris), and by `test_targets.py`, which
tries the seeds and what hypothesis makes of them.
"""

import gzip
import json
from contextlib import suppress
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import yaml

from nnpipe.errors import NnpipeError
from nnpipe.hdf5 import find_dataset, open_file
from nnpipe.pipeline.load import find_problems
from nnpipe.runs.store.manifest import read_manifest
from nnpipe.runs.store.parameters import read_parameters
from nnpipe.sources import SOURCES
from nnpipe.sources.options import RowsOptions
from nnpipe.system.documents import read_yaml, refuse_calls

FOLDER = Path()
"""Where the targets write the files that they read; whoever uses them sets it."""


def file_of(name, content):
    path = FOLDER / name
    path.write_bytes(content)
    return path


def manifest(content):
    """Read a manifest."""
    file_of("manifest.json", content)
    with suppress(NnpipeError):
        read_manifest(FOLDER)


def config(content):
    """Load a stored config, and check all of it."""
    with suppress(NnpipeError):
        given = read_yaml(file_of("config.yaml", content))
        refuse_calls(given, "config.yaml")
        if isinstance(given, dict):
            for problem in find_problems(given):
                assert isinstance(problem, str)


def source(kind, content):
    """Open an input and read all of it, a few rows at a time."""
    path = str(file_of("input", content))
    with suppress(NnpipeError):
        chosen = SOURCES.choice(kind, path=path, rows=RowsOptions(stop=1000))
        opened = chosen.make()(0, "input")
        try:
            for start in range(0, opened.samples, 100):
                opened.read(start, min(start + 100, opened.samples))
        finally:
            opened.close()


def idx(content):
    """Read a file in the MNIST format."""
    source("idx", content)


def npy(content):
    """Read a NumPy file."""
    source("npy", content)


def hdf5(content):
    """Open an HDF5 file, take its only dataset and read it."""
    source("hdf5", content)


def parameters(content):
    """Read the parameters of a run."""
    with suppress(NnpipeError):
        read_parameters(file_of("parameters.h5", content))


TARGETS = {
    "manifest": manifest,
    "config": config,
    "idx": idx,
    "npy": npy,
    "hdf5": hdf5,
    "parameters": parameters,
}


@cache
def seeds(name):
    """Return a few files that are right, to start from."""
    if name == "manifest":
        return [json.dumps(_manifest()).encode()]
    if name == "config":
        sizes = {"architecture": {"sizes": [4, 3]}, "input": {"kind": "random"}, "seed": 1}
        stack = {"architecture": {"layers": {"a": {"neurons": 3, "activation": "relu"}}}}
        kinds = {
            "architecture": {"sizes": [2], "activation": {"kind": "elu", "alpha": 2.0}},
            "input": {"distribution": {"kind": "uniform", "low": -1.0}, "normalize": "scale"},
            "training": {"schedule": {"kind": "step", "every": 2.0}, "loss": None},
            "optimizer": "sgd",
        }
        return [yaml.safe_dump(given).encode() for given in (sizes, stack, kinds)]
    if name == "idx":
        plain = b"\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x02" + bytes(range(8))
        return [plain, gzip.compress(plain, mtime=0)]
    path = FOLDER / "seed"
    if name == "npy":
        np.save(path.with_suffix(".npy"), np.arange(6.0).reshape(3, 2))
        return [path.with_suffix(".npy").read_bytes()]
    return _parameters() if name == "parameters" else [_hdf5(path, v) for v in ("earliest", "v110")]


def _hdf5(path, version):
    with h5py.File(path, "w", libver=version) as file:
        options = {"chunks": (4, 3), "compression": "gzip", "shuffle": True, "fletcher32": True}
        file.create_dataset("g/x", data=np.arange(24.0).reshape(8, 3), **options)
        file["soft"] = h5py.SoftLink("/g/x")
    return path.read_bytes()


def _run(activation="sigmoid"):
    import nnpipe

    config = {
        "architecture": {"sizes": [2], "activation": activation},
        "input": {"samples": 3, "features": 2, "normalize": "standardize"},
        "output": {"root": str(FOLDER / "runs"), "name": "seed", "report": False},
    }
    with nnpipe.run(config) as run:
        return run.path


def _manifest():
    return json.loads((_run() / "manifest.json").read_text())


def _parameters():
    # The second is of version 2, which has options.
    kinds = "sigmoid", {"kind": "leaky_relu", "slope": 0.3}
    return [(_run(kind) / "parameters.h5").read_bytes() for kind in kinds]


def door(content):
    """Open an HDF5 file as an input with everything allowed."""
    with suppress(NnpipeError):
        allow = ("virtual", "external_link", "large_chunk")
        with open_file(file_of("input.h5", content), "input.path") as file:
            find_dataset(file, "soft", "input.dataset", allow=allow)


TARGETS["door"] = door

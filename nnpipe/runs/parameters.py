"""parameters.h5: one matrix a layer, readable by anything that reads HDF5.

Layout: ``/layers/<name>/parameters`` (neurons, inputs+1), the bias in the last column; on each
group the attributes kind, activation, inputs, neurons and order (from 0). Where the input was
normalized, ``/normalization/offset`` and ``/normalization/factor``: x = (stored - offset) * factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from nnpipe.errors import RunError
from nnpipe.hdf5 import open_file
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.layer import Layer
from nnpipe.network.network import Network
from nnpipe.runs.publish import published
from nnpipe.sources.normalize import Normalization

FORMAT = "nnpipe parameters"
FORMAT_VERSION = 1


def write_parameters(path: Path, network: Network, normalization: Normalization) -> None:
    """Write a network's parameter matrices, and the normalization of its input, into a file."""
    with published(path) as temporary, h5py.File(temporary, "x", libver=("v108", "v110")) as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        layers: Any = file.create_group("layers")
        for order, layer in enumerate(network.layers):
            group: Any = layers.create_group(layer.name)
            group.attrs["kind"] = "dense"
            group.attrs["activation"] = layer.activation
            group.attrs["inputs"] = layer.inputs
            group.attrs["neurons"] = layer.neurons
            group.attrs["order"] = order
            dataset: Any = group.create_dataset(
                "parameters",
                data=layer.parameters,
                chunks=_chunks(layer.parameters),
                fletcher32=True,
            )
            dataset.attrs["long_name"] = "weights, with the bias in the last column"
        if normalization.kind != "none":
            stored: Any = file.create_group("normalization")
            stored.attrs["kind"] = normalization.kind
            stored.create_dataset("offset", data=normalization.offset)
            stored.create_dataset("factor", data=normalization.factor)


def _chunks(parameters: NDArray[Any]) -> tuple[int, int]:
    neurons, columns = parameters.shape
    rows = max(1, (1 << 20) // (columns * parameters.itemsize))
    return min(neurons, rows), columns


def read_parameters(path: Path) -> tuple[list[Layer], Normalization]:
    """Read the layers and the normalization back.

    Raises
    ------
    RunError
        If the file is not what `write_parameters` writes.
    """

    def refuse(what: str) -> NoReturn:
        problem = f"{path}: {what}. This file was not written by nnpipe, or was altered."
        raise RunError(problem)

    found: dict[int, Layer] = {}
    with open_file(path, "parameters") as opened:
        file: Any = opened
        layers = file.get("layers")
        if not isinstance(layers, h5py.Group) or file.attrs.get("format") != FORMAT:
            refuse("no layers")
        for name, group in cast("Mapping[str, Any]", layers).items():
            try:
                parameters: NDArray[Any] = np.ascontiguousarray(group["parameters"][()])
                order, inputs, neurons = (
                    int(group.attrs[key]) for key in ("order", "inputs", "neurons")
                )
                activation = str(group.attrs["activation"])
            except (KeyError, TypeError, ValueError, OSError):
                refuse(f"layer {name!r} cannot be read")
            if parameters.dtype.name not in ("float32", "float64"):
                refuse(f"layer {name!r} has the dtype {parameters.dtype}")
            if parameters.shape != (neurons, inputs + 1):
                refuse(
                    f"layer {name!r} has the shape {parameters.shape}; "
                    f"expected {(neurons, inputs + 1)}"
                )
            found[order] = Layer(name, parameters, activation, ACTIVATIONS.load(activation))
        if not found or sorted(found) != list(range(len(layers))):
            refuse("the layers are not in order")
        normalization = _normalization(file)
    return [found[order] for order in sorted(found)], normalization


def _normalization(file: Any) -> Normalization:
    if "normalization" not in file:
        return Normalization("none", np.zeros(1), np.ones(1))
    stored = file["normalization"]
    return Normalization(
        str(stored.attrs["kind"]),
        np.asarray(stored["offset"][()], np.float64),
        np.asarray(stored["factor"][()], np.float64),
    )

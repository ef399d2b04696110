"""parameters.h5: one matrix for each layer, readable with any HDF5 library.

Layout: ``/layers/<name>/parameters`` (neurons, inputs+1), with the bias in the last column. Each
group has the attributes kind, activation, inputs, neurons and order (from 0), and the dimension
scales `neuron` and `input`. If the input is normalized, ``/normalization/offset`` and
``/normalization/factor`` hold its statistics: x = (stored - offset) * factor.

If all activations have their version 1 options, the format is `nnpipe parameters`, version 1.
Otherwise it is `nnpipe network`, version 2, which older readers refuse: each layer's attribute
`activation_options` holds the options of its activation as JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from nnpipe.config.defaults import VERSION_1
from nnpipe.config.kind import Choice
from nnpipe.config.load import load_choice, store
from nnpipe.errors import ConfigError, DataError, NnpipeError, RunError
from nnpipe.hdf5.artifact import (
    OtherVersion,
    check_stored,
    group_of,
    groups,
    integer_attribute,
    numbers_at,
    open_artifact,
    read_whole,
    text_attribute,
)
from nnpipe.hdf5.datasets import read_ends
from nnpipe.hdf5.links import link_of
from nnpipe.hdf5.paths import follow
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.activations.base import Activation
from nnpipe.network.architectures.stack import LAYER_NAME
from nnpipe.network.layer import Layer
from nnpipe.network.network import Network
from nnpipe.runs.store.axes import add_scale, attach, describe, mark_plot, mark_root
from nnpipe.runs.store.folder import Folder
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.sources.normalizations.none import IDENTITY
from nnpipe.system.documents import parse_json
from nnpipe.system.hdf5_writer import new_hdf5
from nnpipe.system.interrupts import run_uninterrupted

FORMATS = {"nnpipe parameters": (1,), "nnpipe network": (2,)}


@run_uninterrupted
def write_parameters(
    folder: Folder, name: str, network: Network, normalization: Normalization
) -> None:
    """Write a network's parameter matrices and the normalization of its input into a file."""
    with folder.publish(name) as new, new_hdf5(new) as (file, _):
        plain = not any(_changed_options(layer) for layer in network.layers)
        file.attrs["format"] = "nnpipe parameters" if plain else "nnpipe network"
        file.attrs["format_version"] = 1 if plain else 2
        layers = mark_root(file, "layers")
        layers.attrs["default"] = network.layers[0].name
        for order, layer in enumerate(network.layers):
            group: Any = layers.create_group(layer.name)
            group.attrs["kind"] = "dense"
            group.attrs["activation"] = layer.activation
            if not plain:
                group.attrs["activation_options"] = json.dumps(dict(layer.options))
            group.attrs["inputs"] = layer.inputs
            group.attrs["neurons"] = layer.neurons
            group.attrs["order"] = order
            dataset: Any = group.create_dataset(
                "parameters",
                data=layer.parameters,
                chunks=_chunks(layer.parameters),
                fletcher32=True,
            )
            describe(dataset, f"Parameters of {layer.name}", "Weights; the last column is the bias")
            neuron = np.arange(layer.neurons)
            column = np.arange(layer.inputs + 1)
            attach(
                dataset,
                [
                    add_scale(group, "neuron", neuron, "Neuron", "Neuron of the layer, from 0"),
                    add_scale(group, "input", column, "Input", "Input, from 0; the last: the bias"),
                ],
            )
            mark_plot(group, "parameters", ("neuron", "input"))
        if normalization.kind != "none":
            stored: Any = file.create_group("normalization")
            stored.attrs["kind"] = normalization.kind
            feature = np.arange(normalization.offset.size)
            for name, values, what in (
                ("offset", normalization.offset, "What is subtracted from each feature"),
                ("factor", normalization.factor, "What each feature is then multiplied by"),
            ):
                dataset = stored.create_dataset(
                    name, data=values, chunks=(min(values.size, 1 << 17),), fletcher32=True
                )
                describe(dataset, name.capitalize(), what)
                text = "Feature, from 0; a single one stands for all"
                attach(dataset, [add_scale(stored, "feature", feature, "Feature", text)])


def _changed_options(layer: Layer) -> bool:
    """Return whether a layer's activation has other options than in version 1."""
    before = VERSION_1["nnpipe.activations"].get(layer.activation, {})
    return dict(layer.options) != before


def _chunks(parameters: NDArray[Any]) -> tuple[int, int]:
    neurons, columns = parameters.shape
    rows = max(1, (1 << 20) // (columns * parameters.itemsize))
    return min(neurons, rows), columns


def read_parameters(path: Path) -> tuple[list[Layer], Normalization]:
    """Read the layers and the normalization.

    Raises
    ------
    RunError
        If the file is not what `write_parameters` writes.
    """
    try:
        with open_artifact(path, "parameters", FORMATS, _try_out) as file:
            layers = [
                Layer.of(d.name, read_whole(d.parameters, str(path)), d.activation)
                for d in _declared(file)
            ]
            normalization = _normalization(file, layers[0].inputs)
    except OtherVersion as error:
        raise RunError(str(error)) from error
    except NnpipeError as error:
        problem = f"{error} This file was not written by nnpipe, or was altered."
        raise RunError(problem) from error
    return layers, normalization


class _Declared(NamedTuple):
    """A layer as declared in the file, before its numbers are read."""

    name: str
    activation: Choice[Activation]
    parameters: Any


def _declared(file: h5py.File) -> list[_Declared]:
    found: dict[int, _Declared] = {}
    with_options = text_attribute(file["/"], "format", "parameters") == "nnpipe network"
    stored = groups(group_of(file["/"], "layers", "parameters: /"), "parameters: /layers")
    for name, group in stored.items():
        what = f"parameters: layer {name!r}"
        if not LAYER_NAME.fullmatch(name):
            problem = f"{what} has a name that no layer can have."
            raise DataError(problem)
        order, inputs, neurons = (
            integer_attribute(group, key, what) for key in ("order", "inputs", "neurons")
        )
        if (kind := text_attribute(group, "kind", what)) != "dense":
            problem = f"{what} is of the kind {kind!r}; expected 'dense'."
            raise DataError(problem)
        path, shape = f"/layers/{name}/parameters", (neurons, inputs + 1)
        parameters = numbers_at(file, path, shape, "parameters")
        found[order] = _Declared(name, _activation(group, what, with_options), parameters)
    if not found or sorted(found) != list(range(len(stored))):
        problem = f"parameters: /layers has the orders {sorted(found)}; expected 0, 1, 2, ..."
        raise DataError(problem)
    declared = [found[order] for order in sorted(found)]
    check_stored(file, [layer.parameters for layer in declared], "parameters")
    return declared


def _activation(group: Any, what: str, with_options: bool) -> Choice[Activation]:
    """Return a layer's activation; without options in the file it has those of version 1."""
    kind = text_attribute(group, "activation", what)
    options: Any = VERSION_1["nnpipe.activations"].get(kind, {})
    if with_options:
        options = parse_json(text_attribute(group, "activation_options", what), what)
        if not isinstance(options, dict):
            problem = f"{what} has activation_options that are not a mapping."
            raise DataError(problem)
    try:
        ACTIVATIONS.load(kind)
        given = {**cast("dict[str, Any]", options), "kind": kind}
        chosen = load_choice(ACTIVATIONS, given, "activation_options")
    except ConfigError as error:
        problem = f"{what}: {error}"
        raise DataError(problem if problem.endswith((".", "?")) else f"{problem}.") from error
    if store(chosen.options) != options:
        problem = f"{what} does not hold every option of the activation {kind!r}."
        raise DataError(problem)
    return chosen


def _try_out(file: h5py.File) -> None:
    declared = _declared(file)
    for layer in declared:
        read_ends(layer.parameters)
    _normalization(file, declared[0].parameters.shape[1] - 1)


def _normalization(file: Any, features: int) -> Normalization:
    if link_of(file["/"], "normalization") is None:
        return IDENTITY
    stored = group_of(file["/"], "normalization", "parameters: /")
    kind = text_attribute(stored, "kind", "parameters: /normalization")
    offset, factor = (_statistic(file, name, features) for name in ("offset", "factor"))
    return Normalization(kind, offset, factor)


def _statistic(file: h5py.File, name: str, features: int) -> NDArray[np.float64]:
    path = f"/normalization/{name}"
    shape = follow(file, path, "parameters").shape
    expected = shape if shape == (1,) else (features,)
    dataset = numbers_at(file, path, expected, "parameters")
    return read_whole(dataset, "parameters").astype(np.float64)

"""parameters.h5: the arrays of each layer, readable with any HDF5 library.

Layout: ``/layers/<name>/<array>``; for a dense layer ``parameters`` (neurons, inputs+1), with the
bias in the last column. Each group has the attributes kind, activation, inputs, neurons (outputs)
and order (from 0); the axes of the arrays are dimension scales. If the input is normalized,
``/normalization/offset`` and ``/normalization/factor`` hold its statistics:
x = (stored - offset) * factor.

If all layers are dense and their activations have their version 1 options, the format is
`nnpipe parameters`, version 1. Otherwise it is `nnpipe network`, version 2, which older readers
refuse: the attribute `options` of each layer holds the options of its kind as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from nnpipe.config.defaults import VERSION_1
from nnpipe.config.kind import Choice
from nnpipe.config.load import load_choice, store
from nnpipe.config.registry import Registry
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
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.layer import Layer
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import LayerKind
from nnpipe.network.network import Network
from nnpipe.network.stack import LAYER_NAME
from nnpipe.runs.store.axes import add_scale, attach, describe, mark_plot, mark_root
from nnpipe.runs.store.folder import Folder
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.sources.normalizations.none import IDENTITY
from nnpipe.system.documents import parse_json
from nnpipe.system.hdf5_writer import new_hdf5
from nnpipe.system.interrupts import run_uninterrupted

_MOST_OPTIONS = 1 << 16
FORMATS = {"nnpipe parameters": (1,), "nnpipe network": (2,)}


@run_uninterrupted
def write_parameters(
    folder: Folder, name: str, network: Network, normalization: Normalization
) -> None:
    """Write a network's arrays and the normalization of its input into a file."""
    with folder.publish(name) as new, new_hdf5(new) as (file, _):
        plain = all(_fits_version_1(layer) for layer in network.layers)
        file.attrs["format"] = "nnpipe parameters" if plain else "nnpipe network"
        file.attrs["format_version"] = 1 if plain else 2
        layers = mark_root(file, "layers")
        layers.attrs["default"] = network.layers[0].name
        for order, layer in enumerate(network.layers):
            group: Any = layers.create_group(layer.name)
            group.attrs["kind"] = layer.kind
            group.attrs["activation"] = layer.activation
            if not plain:
                group.attrs["options"] = json.dumps(store(layer.declared.options))
            group.attrs["inputs"] = layer.inputs
            group.attrs["neurons"] = layer.outputs
            group.attrs["order"] = order
            for array_name, array in layer.arrays.items():
                dataset: Any = group.create_dataset(
                    array_name, data=array, chunks=_chunks(array), fletcher32=True
                )
                title, text, axes = _labels(layer, array_name)
                describe(dataset, title, text)
                attach(
                    dataset,
                    [
                        add_scale(group, dim, np.arange(size), title, text)
                        for size, (dim, title, text) in zip(array.shape, axes, strict=True)
                    ],
                )
                if array_name == next(iter(layer.arrays)):
                    mark_plot(group, array_name, [dim for dim, *_ in axes])
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


def _labels(layer: Layer, name: str) -> tuple[str, str, list[tuple[str, str, str]]]:
    """Return an array's title and description, and the name, title and text of each axis."""
    if layer.kind == "dense":
        axes = [
            ("neuron", "Neuron", "Neuron of the layer, from 0"),
            ("input", "Input", "Input, from 0; the last: the bias"),
        ]
        return f"Parameters of {layer.name}", "Weights; the last column is the bias", axes
    axes = [
        (f"{name}_{axis}", f"Axis {axis} of {name}", f"Index along axis {axis}, from 0")
        for axis in range(layer.arrays[name].ndim)
    ]
    return f"{name} of {layer.name}", f"The array {name} of a layer of the kind {layer.kind}", axes


def _fits_version_1(layer: Layer) -> bool:
    """Return whether a layer is dense, and its activation has its options of version 1."""
    if layer.kind != "dense":
        return False
    activation = layer.declared.options.activation
    before = VERSION_1["nnpipe.activations"].get(activation.kind, {})
    return store(activation.options) == before


def _chunks(array: NDArray[Any]) -> tuple[int, ...]:
    """Return the shape of chunks of about 1 MiB, which are whole rows of a matrix."""
    rows = max(1, (1 << 20) // array[0].nbytes)
    return min(len(array), rows), *array.shape[1:]


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
                Layer(
                    d.name,
                    d.declared,
                    d.inputs,
                    {name: read_whole(array, str(path)) for name, array in d.arrays.items()},
                )
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
    declared: Choice[LayerKind]
    inputs: int
    arrays: dict[str, Any]


def _declared(file: h5py.File) -> list[_Declared]:
    found: dict[int, _Declared] = {}
    version_1 = text_attribute(file["/"], "format", "parameters") == "nnpipe parameters"
    stored = groups(group_of(file["/"], "layers", "parameters: /"), "parameters: /layers")
    for name, group in stored.items():
        what = f"parameters: layer {name!r}"
        if not LAYER_NAME.fullmatch(name):
            problem = f"{what} has a name that no layer can have."
            raise DataError(problem)
        order, inputs, neurons = (
            integer_attribute(group, key, what) for key in ("order", "inputs", "neurons")
        )
        declared = (_version_1 if version_1 else _version_2)(group, what, neurons)
        kind = declared.make()
        activation = "linear" if kind.activation is None else kind.activation.kind
        try:
            outputs = kind.outputs(inputs)
        except DataError as error:
            problem = f"{what}: options.{error}."
            raise DataError(problem) from error
        if inputs < 1 or outputs != neurons or kind.leaves != "layer":
            problem = f"{what} is not a {declared.kind} with {inputs} inputs and {neurons} outputs."
            raise DataError(problem)
        if kind.lasting() != declared.options:
            problem = f"{what} has inner layers that training removes."
            raise DataError(problem)
        if (said := text_attribute(group, "activation", what)) != activation:
            problem = f"{what} has the activation {said!r}; expected {activation!r}."
            raise DataError(problem)
        arrays = {
            key: numbers_at(file, f"/layers/{name}/{key}", shape, "parameters")
            for key, shape in kind.arrays(inputs).items()
        }
        found[order] = _Declared(name, declared, inputs, arrays)
    if not found or sorted(found) != list(range(len(stored))):
        problem = f"parameters: /layers has the orders {sorted(found)}; expected 0, 1, 2, ..."
        raise DataError(problem)
    declared = [found[order] for order in sorted(found)]
    check_stored(file, [a for layer in declared for a in layer.arrays.values()], "parameters")
    return declared


def _version_1(group: Any, what: str, neurons: int) -> Choice[LayerKind]:
    """Return a dense layer, whose activation has the options of version 1."""
    if (kind := text_attribute(group, "kind", what)) != "dense":
        problem = f"{what} is of the kind {kind!r}; expected 'dense'."
        raise DataError(problem)
    name = text_attribute(group, "activation", what)
    options = VERSION_1["nnpipe.activations"].get(name, {})
    activation = _chosen(ACTIVATIONS, {**options, "kind": name}, what)
    return LAYERS.choice(
        "dense", neurons=neurons, activation=activation, initializer=INITIALIZERS.choice("normal")
    )


def _version_2(group: Any, what: str, neurons: int) -> Choice[LayerKind]:
    """Return a layer of any kind, with all its options."""
    kind = text_attribute(group, "kind", what)
    options = parse_json(text_attribute(group, "options", what, _MOST_OPTIONS), what)
    if not isinstance(options, dict):
        problem = f"{what} has options that are not a mapping."
        raise DataError(problem)
    chosen = _chosen(LAYERS, {**cast("dict[str, Any]", options), "kind": kind}, what)
    if store(chosen.options) != options:
        problem = f"{what} does not hold every option of the kind {kind!r}."
        raise DataError(problem)
    return chosen


def _chosen(registry: Registry[Any], given: Mapping[str, Any], what: str) -> Choice[Any]:
    try:
        registry.load(given["kind"])  # which is an attribute of its own, not an option
        return load_choice(registry, given, "options")
    except ConfigError as error:
        problem = f"{what}: {error}"
        raise DataError(problem if problem.endswith((".", "?")) else f"{problem}.") from error


def _try_out(file: h5py.File) -> None:
    declared = _declared(file)
    for layer in declared:
        for array in layer.arrays.values():
            read_ends(array)
    _normalization(file, declared[0].inputs)


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

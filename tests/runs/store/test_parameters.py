"""parameters.h5 is read as it was written, in the oldest format that can hold it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nnpipe.config.kind import Choice
from nnpipe.errors import RunError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.network.network import Network
from nnpipe.network.stack import lasting
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.parameters import read_parameters, write_parameters
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.sources.normalizations.none import IDENTITY
from tests.strategies import every_kind

FROZEN = Path(__file__).parents[2] / "frozen"
CHANGED: list[tuple[str, dict[str, Any]]] = [
    ("leaky_relu", {"slope": 0.3}),
    ("elu", {"alpha": 0.1}),
    ("gelu", {"approximate": "tanh"}),
]
NORMAL = {"kind": "normal", "bias": None, "mean": 0.0, "std": 1.0}
MISSING = " does not hold every option of the kind 'dense'."
TAIL = " This file was not written by nnpipe, or was altered."

Write = Callable[..., Path]


def network(*activations: Choice[Any], dtype: str = "float64") -> Network:
    """Return a network with a layer of three neurons for each activation."""
    layers = {
        f"layer{i}": LAYERS.choice("dense", neurons=3, activation=activation)
        for i, activation in enumerate(activations)
    }
    return build(layers, inputs=2, seed=1, dtype=dtype)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a network into a file and returns its path."""

    def written(what: Network, normalization: Normalization = IDENTITY) -> Path:
        with Folder.open(tmp_path) as folder:
            write_parameters(folder, "parameters.h5", what, normalization)
        return tmp_path / "parameters.h5"

    return written


def format_of(path: Path) -> tuple[str, int]:
    with h5py.File(path) as file:
        return str(file.attrs["format"]), int(file.attrs["format_version"])


@pytest.mark.parametrize("name", ACTIVATIONS.names)
def test_an_activation_with_its_defaults_keeps_the_format_of_version_1(
    write: Write, name: str
) -> None:
    path = write(network(ACTIVATIONS.choice(name)))
    assert format_of(path) == ("nnpipe parameters", 1)
    with h5py.File(path) as file:
        group: Any = file["layers/layer0"]
        assert set(group.attrs) >= {"kind", "activation", "inputs", "neurons", "order"}
        assert "options" not in group.attrs
    [layer], _ = read_parameters(path)
    assert layer.activation == name


@pytest.mark.parametrize(("name", "options"), CHANGED)
def test_options_that_are_not_the_defaults_give_version_2_and_are_read_back(
    write: Write, name: str, options: dict[str, Any]
) -> None:
    before = network(ACTIVATIONS.choice(name, **options), ACTIVATIONS.choice("elu"))
    path = write(before)
    assert format_of(path) == ("nnpipe network", 2)
    with h5py.File(path) as file:
        said = [json.loads(file[f"layers/layer{i}"].attrs["options"]) for i in (0, 1)]
    assert said[0] == {"neurons": 3, "activation": {"kind": name} | options, "initializer": NORMAL}
    assert said[1] == said[0] | {"activation": {"kind": "elu", "alpha": 1.0}}
    layers, normalization = read_parameters(path)
    assert normalization is IDENTITY
    assert [layer.declared for layer in layers] == [layer.declared for layer in before.layers]
    x = np.random.default_rng(0).normal(0, 3, (50, 2))
    np.testing.assert_array_equal(Network(tuple(layers))(x), before(x))
    defaults = network(ACTIVATIONS.choice(name), ACTIVATIONS.choice("elu"))
    assert not np.allclose(defaults(x), before(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_matrices_and_statistics_are_read_back_to_the_bit(write: Write, dtype: str) -> None:
    before = network(ACTIVATIONS.choice("tanh"), ACTIVATIONS.choice("softmax"), dtype=dtype)
    given = Normalization("standardize", np.array([0.1, -2.0]), np.array([1 / 3, 4.0]))
    layers, normalization = read_parameters(write(before, given))
    for ours, theirs in zip(before.layers, layers, strict=True):
        assert (ours.name, ours.activation) == (theirs.name, theirs.activation)
        assert theirs.parameters.dtype == dtype
        np.testing.assert_array_equal(ours.parameters, theirs.parameters)
    assert normalization.kind == "standardize"
    np.testing.assert_array_equal(normalization.offset, given.offset)
    np.testing.assert_array_equal(normalization.factor, given.factor)


STORED = sorted(FROZEN.glob("v*/outputs/**/parameters.h5"))


@pytest.mark.parametrize("path", STORED, ids=lambda path: str(path.parent.relative_to(FROZEN)))
def test_a_frozen_file_is_written_again_byte_for_byte(write: Write, path: Path) -> None:
    layers, normalization = read_parameters(path)
    manifest = FROZEN / path.relative_to(FROZEN).parts[0] / "outputs/plain/v0001/manifest.json"
    if f'"hdf5": "{h5py.version.hdf5_version}"' not in manifest.read_text():
        pytest.skip("another version of HDF5 may write other bytes")
    assert write(Network(tuple(layers)), normalization).read_bytes() == path.read_bytes()


def refusal(path: Path, change: Callable[[Any], None]) -> str:
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(RunError) as refused:
        read_parameters(path)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("nnpipe parameters", 2, "1"),
        ("nnpipe parameters", 0, "1"),
        ("nnpipe network", 1, "2"),
        ("nnpipe network", 3, "2"),
    ],
)
def test_another_version_is_refused_by_its_number(
    write: Write, name: str, version: int, expected: str
) -> None:
    path = write(network(ACTIVATIONS.choice("relu")))
    assert refusal(path, lambda file: file.attrs.update(format=name, format_version=version)) == (
        f"parameters: {path} has version {version} of the format {name!r}; expected {expected}. "
        "Open it with the version of nnpipe that wrote it."
    )


def test_another_format_is_refused_by_its_name(write: Write) -> None:
    path = write(network(ACTIVATIONS.choice("relu")))
    assert refusal(path, lambda file: file.attrs.update(format="nnpipe checkpoint")) == (
        f"parameters: {path} has the format 'nnpipe checkpoint'; "
        f"expected 'nnpipe parameters' or 'nnpipe network'.{TAIL}"
    )


def say(**attributes: Any) -> Callable[[Any], None]:
    return lambda file: file["layers/layer0"].attrs.update(attributes)


def leaky(**options: Any) -> str:
    """Return the options of a layer of leaky_relu, some of them others."""
    activation = {"kind": "leaky_relu", "slope": 0.3}
    return json.dumps({"neurons": 3, "activation": activation, "initializer": NORMAL} | options)


def sloped(slope: Any, **options: Any) -> Callable[[Any], None]:
    return say(options=leaky(activation={"kind": "leaky_relu", "slope": slope} | options))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            say(options=leaky(activation={"kind": "leaky_rleu"})),
            ": options.activation.kind: 'leaky_rleu' is not an activation; expected one of "
            f"{', '.join(ACTIVATIONS.names)}. Did you mean 'leaky_relu'?",
        ),
        (say(activation="relu"), " has the activation 'relu'; expected 'leaky_relu'."),
        (
            say(kind="convolution"),
            f": 'convolution' is not a kind of layer; expected one of {', '.join(LAYERS.names)}.",
        ),
        (
            say(kind="layer_norm", options="{}"),
            " is not a layer_norm with 2 inputs and 3 outputs.",
        ),
        (sloped(5), ": options.activation.slope: found 5.0; expected 0 to 1."),
        (sloped("x"), ": options.activation.slope: found 'x'; expected a number."),
        (sloped(None), MISSING),
        (
            sloped(0.1, slop=0.1),
            ": options.activation.slop: unknown key for the kind 'leaky_relu'; "
            "expected one of slope. Did you mean 'slope'?",
        ),
        (say(options=leaky(activation="leaky_relu")), MISSING),
        (say(options="{}"), ": options.neurons: missing; set it."),
        (say(options='{"neurons": 3}'), MISSING),
        (say(options=leaky(kind="dense")), MISSING),
        (
            say(options=leaky(neurons=4)),
            " is not a dense with 2 inputs and 3 outputs.",
        ),
        (say(options="[]"), " has options that are not a mapping."),
        (
            lambda file: file["layers/layer0"].attrs.pop("options"),
            ": the attribute 'options' is missing or of another type; expected a text.",
        ),
    ],
)
def test_a_layer_that_is_not_known_in_full_is_refused(
    write: Write, change: Callable[[Any], None], said: str
) -> None:
    path = write(network(ACTIVATIONS.choice("leaky_relu", slope=0.3)))
    assert refusal(path, change) == f"parameters: layer 'layer0'{said}{TAIL}"


@pytest.mark.parametrize("text", ["{", "NaN", '{"slope": 1e999}', '{"slope": 1, "slope": 2}'])
def test_options_that_are_no_json_are_refused(write: Write, text: str) -> None:
    path = write(network(ACTIVATIONS.choice("leaky_relu", slope=0.3)))
    assert refusal(path, say(options=text)).startswith("parameters: layer 'layer0'")


def test_a_file_of_version_1_means_what_it_meant_whatever_is_added_to_it(write: Write) -> None:
    path = write(network(ACTIVATIONS.choice("leaky_relu")))
    with h5py.File(path, "a") as file:
        sloped(0.9)(file)
    [layer], _ = read_parameters(path)
    assert layer.declared.options.activation == ACTIVATIONS.choice("leaky_relu", slope=0.01)


@pytest.fixture
def every(write: Write) -> Path:
    """Return the path of a file with every kind of layer that training leaves."""
    return write(build(every_kind(), inputs=6, seed=1, dtype="float64"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_kind_of_layer_is_read_back_to_the_bit(write: Write, dtype: str) -> None:
    before = build(every_kind(), inputs=6, seed=1, dtype=dtype)
    path = write(before)
    assert format_of(path) == ("nnpipe network", 2)
    layers, _ = read_parameters(path)
    after = Network(tuple(layers))
    assert after.stack == before.stack == lasting(every_kind())
    assert list(after.arrays) == list(before.arrays)
    for name, array in before.arrays.items():
        assert after.arrays[name].dtype == dtype
        np.testing.assert_array_equal(after.arrays[name], array)
    assert write(after).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_strangers_read_the_arrays_of_every_kind_of_layer(every: Path, engine: str) -> None:
    pytest.importorskip("netCDF4" if engine == "netcdf4" else "h5netcdf", reason="not installed")
    xarray = pytest.importorskip("xarray", reason="not installed")
    with h5py.File(every) as file:
        for name in (
            "norm/gain",
            "norm/shift",
            "block/wide.parameters",
            "deep/inner.last.parameters",
        ):
            dataset: Any = file[f"layers/{name}"]
            assert {"long_name", "description", "units"} <= set(dataset.attrs)
            assert all(len(dim.keys()) == 1 for dim in dataset.dims)
        block: Any = file["layers/block"]
        stored = dict(block.attrs)
        wide = block["wide.parameters"][()]
    assert (stored["kind"], stored["inputs"], stored["neurons"]) == ("residual", 3, 3)
    assert list(json.loads(stored["options"])["layers"]) == ["wide", "out"]
    assert stored["signal"] == "wide.parameters"
    with xarray.open_dataset(every, group="layers/block", engine=engine) as found:
        assert found["wide.parameters"].dims == ("wide.parameters_0", "wide.parameters_1")
        np.testing.assert_array_equal(found["wide.parameters"], wide)
        assert found.attrs["kind"] == "residual"
    with xarray.open_dataset(every, group="layers/norm", engine=engine) as found:
        assert found.gain.sizes == {"gain_0": 3}


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Return what changes the options of a layer in a file."""

    def in_file(file: Any) -> None:
        attributes = file[f"layers/{name}"].attrs
        options = json.loads(attributes["options"])
        new = change(options)
        attributes["options"] = json.dumps(options if new is None else new)

    return in_file


def replaced(path: str, data: Any = None, **storage: Any) -> Callable[[Any], None]:
    """Return what deletes a dataset in a file, and makes another one if it is given."""

    def in_file(file: Any) -> None:
        del file[path]
        if data is not None or storage:
            file.create_dataset(path, data=data, **storage)

    return in_file


def inner(layers: Any, **others: Any) -> Callable[[Any], None]:
    return lambda options: options["layers"].update(layers, **others)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            changed("block", inner({"wide": {"kind": "convolution"}})),
            "layer 'block': options.layers.wide.kind: 'convolution' is not a kind of layer; "
            f"expected one of {', '.join(LAYERS.names)}.",
        ),
        (
            lambda file: file["layers/norm"].attrs.update(kind="batch_norm"),
            "layer 'norm' is not a batch_norm with 3 inputs and 3 outputs.",
        ),
        (
            lambda file: file["layers/norm"].attrs.update(kind="residual"),
            "layer 'norm': options.layers: found no layer; expected at least one.",
        ),
        (
            lambda file: file["layers/norm"].attrs.update(neurons=4),
            "layer 'norm' is not a layer_norm with 3 inputs and 4 outputs.",
        ),
        (
            lambda file: file["layers/norm"].attrs.update(inputs=0, neurons=0),
            "layer 'norm' is not a layer_norm with 0 inputs and 0 outputs.",
        ),
        (
            lambda file: file["layers/block"].attrs.update(inputs=4),
            "layer 'block': options.layers: found 3 outputs; expected 4, as many as inputs, "
            "because they are added to these.",
        ),
        (
            changed("norm", lambda options: {"epsilon": 0.1}),
            "layer 'norm': options.epsilon: unknown key for the kind 'layer_norm', which has no "
            "options.",
        ),
        (
            changed("block", lambda options: {"layers": []}),
            "layer 'block': options.layers: found []; expected a mapping.",
        ),
        (
            changed("block", inner({"wide": {"neurons": 2}})),
            "layer 'block' does not hold every option of the kind 'residual'.",
        ),
        (
            changed("block", lambda options: {}),
            "layer 'block': options.layers: found no layer; expected at least one.",
        ),
        (
            changed("block", inner({}, last="batch_norm")),
            "layer 'block': options.layers.last: found batch_norm at the end; expected it before a "
            "layer with neurons. Remove it or move it.",
        ),
        (
            changed("block", inner({"a/b": "layer_norm"})),
            "layer 'block': options.layers: 'a/b' cannot name a layer; expected a letter, then "
            "letters, digits and '_', at most 64 in all, and not 'all'.",
        ),
        (
            changed(
                "block", lambda options: {"layers": {"norm": "batch_norm"} | options["layers"]}
            ),
            "layer 'block' has inner layers that training removes.",
        ),
        (
            replaced("layers/norm/gain", np.ones(4)),
            "/layers/norm/gain has the shape (4,); expected (3,).",
        ),
        (
            replaced("layers/norm/gain", shape=(3,), dtype="f8", chunks=(3,)),
            "/layers/norm/gain declares 24 bytes; found 0 stored.",
        ),
        (
            replaced("layers/norm/gain", np.arange(3)),
            "/layers/norm/gain is int64; expected float32 or float64.",
        ),
    ],
)
def test_a_stack_that_a_stranger_altered_is_refused_in_one_line(
    every: Path, change: Callable[[Any], None], said: str
) -> None:
    assert refusal(every, change) == f"parameters: {said}{TAIL}"


def test_an_array_that_is_missing_is_named_beside_those_that_are_there(every: Path) -> None:
    found = refusal(every, replaced("layers/block/out.parameters"))
    assert found.startswith(
        "parameters: '/layers/block/out.parameters' is not in parameters.h5; it holds "
    )
    assert found.endswith(TAIL)


def test_options_nested_deeper_than_json_may_be_are_refused_in_one_line(every: Path) -> None:
    deep = '{"layers": {"a": ' * 300 + '"layer_norm"' + "}}" * 300
    deeper = deep.replace('"a": {', '"a": {"kind": "residual", ')
    for text in (deep, deeper, "[" * 60_000):
        found = refusal(
            every, lambda file, text=text: file["layers/block"].attrs.update(options=text)
        )
        assert found.startswith("parameters: layer 'block'")
        assert found.endswith(TAIL)
        assert "\n" not in found


def test_a_claimed_size_is_refused_before_anything_is_allocated(every: Path) -> None:
    def claim(file: Any) -> None:
        file["layers/norm"].attrs.update(inputs=10**12, neurons=10**12)
        replaced("layers/norm/gain", shape=(10**12,), dtype="f8", chunks=(1 << 20,))(file)

    found = refusal(every, claim)
    assert found == (
        "parameters: /layers/norm/gain in parameters.h5 declares 8,000,000,000,000 bytes "
        f"(1000000000000,); found 0 bytes stored. Write the whole dataset.{TAIL}"
    )

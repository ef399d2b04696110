"""A network with blocks and normalizations, through the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.errors import ConfigError
from nnpipe.pipeline.rerun import rerun
from nnpipe.runs.inspect.difference import compare, report
from nnpipe.runs.inspect.verification import verify_run

DENSE = {"neurons": 8, "activation": "tanh", "initializer": "glorot_normal"}
BLOCK = {
    "kind": "residual",
    "layers": {"norm": "batch_norm", "drop": {"kind": "dropout", "rate": 0.1}, "inner": DENSE},
}
LAYERS = {
    "hidden": DENSE,
    "norm": "layer_norm",
    "block": BLOCK,
    "deep": {"kind": "residual", "layers": {"norm": "layer_norm", "block": BLOCK}},
    "output": {**DENSE, "neurons": 3, "activation": "softmax"},
}
FILES = ("parameters.h5", "last.h5", "results.h5", "history.h5")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("layers")
    generator = np.random.default_rng(0)
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = generator.normal(size=(300, 4)).astype(np.float32)
        file["y"] = file["x"][:, :3].argmax(axis=1)
    return {
        "input": {
            "kind": "hdf5",
            "path": folder / "x.h5",
            "dataset": "/x",
            "labels": "/y",
            "normalize": "none",
        },
        "architecture": {"layers": LAYERS},
        "pipeline": {"stages": ["train", "evaluate", "infer"]},
        "training": {"epochs": 4, "batch_size": 32, "validation_fraction": 0.1},
        "optimizer": {"kind": "adam", "learning_rate": 0.01},
        "output": {"root": folder / "outputs", "report": True, "activations": ["all"]},
    }


@pytest.fixture(scope="module")
def done(config: dict[str, Any]) -> Any:
    with nnpipe.run(config) as run:
        yield run


def same(one: Any, other: Any) -> None:
    for name in FILES:
        assert one.manifest.artifacts[name] == other.manifest.artifacts[name], name


def test_it_learns_and_is_sound_and_keeps_the_outputs_of_its_blocks(done: Any) -> None:
    assert done.manifest.metrics["accuracy"] > 0.8
    assert verify_run(done.path) == []
    assert list(done.network.stack) == list(LAYERS)
    assert list(done.network.stack["block"].options.layers) == ["inner"]
    assert done.config["architecture"]["layers"]["block"]["layers"]["norm"] == "batch_norm"
    with h5py.File(done.config["input"]["path"]) as file:
        a = file["x"][()]
    with h5py.File(done.path / "results.h5") as file:
        assert set(file["activations"]) >= set(LAYERS)
        for layer in done.network.layers:
            a = layer(a)
            np.testing.assert_allclose(file["activations"][layer.name], a, rtol=0, atol=1e-5)
    np.testing.assert_allclose(a, done.outputs, rtol=0, atol=1e-5)


def test_its_page_shows_each_layer(done: Any) -> None:
    html = (done.path / "report.html").read_text(encoding="utf-8")
    for expected in (*LAYERS, "layer_norm", "residual", "output.activations"):
        assert (expected in html) is (expected != "output.activations")


def test_it_reruns_to_the_bit(done: Any) -> None:
    again, difference = rerun(done.path)
    assert difference.nothing
    same(done, again)


@pytest.mark.parametrize("batch", [32, 96])
def test_no_batch_of_inference_changes_a_bit(config: dict[str, Any], batch: int) -> None:
    found = {
        nnpipe.run(config | {"engine": {"tile": 32, "batch_size": size, "threads": threads}})
        .manifest.artifacts["results.h5"]
        .sha256
        for size, threads in ((batch, 1), (300, 2))
    }
    assert len(found) == 1


def test_it_goes_on_from_a_checkpoint_to_the_same_bits(config: dict[str, Any], done: Any) -> None:
    training = config["training"]
    stopped = nnpipe.run(config | {"training": training | {"epochs": 2}})
    with h5py.File(stopped.path / "checkpoint.h5") as file:
        assert set(file["statistics"]) == {"block.norm", "deep.block.norm"}
    same(done, nnpipe.run(config | {"training": training | {"resume": stopped.path}}))


def test_a_checkpoint_without_the_statistics_of_a_block_is_refused(config: dict[str, Any]) -> None:
    training = config["training"]
    stopped = nnpipe.run(config | {"training": training | {"epochs": 1}})
    with h5py.File(stopped.path / "checkpoint.h5", "a") as file:
        del file["statistics/deep.block.norm"]
    with pytest.raises(ConfigError) as refused:
        nnpipe.run(config | {"training": training | {"resume": stopped.path}})
    assert refused.value.problems == (
        f"training.resume: deep.block.norm in the checkpoint of {stopped.path}: found 0 numbers; "
        "expected 16. The file was altered.",
    )


@pytest.mark.parametrize("stages", [["infer"], ["train", "infer"]])
def test_another_run_uses_it(config: dict[str, Any], done: Any, stages: list[str]) -> None:
    other = config | {"architecture": {"run": done.path}, "pipeline": {"stages": stages}}
    with nnpipe.run(other) as run:
        assert run.network.stack == done.network.stack
        assert (run.outputs[()] == done.outputs[()]).all() == (stages == ["infer"])
        assert verify_run(run.path) == []


def test_a_difference_names_the_layers_and_their_arrays(config: dict[str, Any], done: Any) -> None:
    other = nnpipe.run(config | {"seed": 1})
    difference = compare(done, other)
    assert list(difference.parameters) == [
        "hidden",
        "norm.gain",
        "norm.shift",
        "block",
        "deep.norm.gain",
        "deep.norm.shift",
        "deep.block.inner.parameters",
        "output",
    ]
    lines = report(difference, "a", "b").splitlines()
    assert [line.split()[0] for line in lines if "differ by up to" in line] == [
        *difference.parameters,
        "outputs",
    ]
    other = nnpipe.run(config | {"architecture": {"layers": LAYERS | {"block": "layer_norm"}}})
    found = compare(done, other).parameters
    assert found["block"] == "only in the first"
    assert found["block.gain"] == "only in the second"


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        (
            LAYERS | {"block": BLOCK | {"layers": {"inner": DENSE | {"neurons": 7}}}},
            "architecture.layers.block.layers: found 7 outputs; expected 8, as many as inputs, "
            "because they are added to these",
        ),
        (
            {"first": {"kind": "residual", "layers": {"inner": DENSE}}, **LAYERS},
            "architecture.layers.first.layers: found 8 outputs; expected 4, as many as inputs, "
            "because they are added to these",
        ),
        (
            LAYERS
            | {"deep": {"kind": "residual", "layers": {"a": BLOCK, "b": DENSE | {"neurons": 2}}}},
            "architecture.layers.deep.layers: found 2 outputs; expected 8, as many as inputs, "
            "because they are added to these",
        ),
        (
            LAYERS
            | {"deep": {"kind": "residual", "layers": {"a": DENSE | {"neurons": 2}, "b": BLOCK}}},
            "architecture.layers.deep.layers.b.layers: found 8 outputs; expected 2, as many as "
            "inputs, because they are added to these",
        ),
        (
            LAYERS | {"norm2": "batch_norm", "block2": BLOCK},
            "architecture.layers.norm2: found batch_norm before residual; expected it before a "
            "dense layer. Remove it or move it.",
        ),
    ],
)
def test_a_block_that_cannot_be_is_refused_with_its_key_before_anything_is_made(
    config: dict[str, Any], tmp_path: Path, layers: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        nnpipe.run(
            config | {"architecture": {"layers": layers}, "output": {"root": tmp_path / "o"}}
        )
    assert refused.value.problems == (problem,)
    assert not (tmp_path / "o").exists()

"""Epochs of steps against the same written out by hand, and what a training remembers.

Modules: training/history.py, training/options.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from nnpipe.config.kind import Choice
from nnpipe.engines.blas import one_thread
from nnpipe.errors import RunError, TrainingError
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.network.layers.base import LayerKind
from nnpipe.network.stack import Stack, lasting
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.none import IDENTITY
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.batching import Batches
from nnpipe.training.checkpoint import read_checkpoint, write_checkpoint
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.optimizers.base import Optimizer
from nnpipe.training.options import TrainingOptions
from nnpipe.training.recipe import Recipe
from nnpipe.training.schedules import SCHEDULES
from nnpipe.training.split import Split
from nnpipe.training.training import Training
from tests.inputs import open_input
from tests.strategies import dense, every_kind, residual

Vector = NDArray[np.float64]
Given = Callable[..., Input]
Before = dict[str, dict[str, Choice[LayerKind]]]

SGD = OPTIMIZERS.choice("sgd", learning_rate=0.1)
CONFIG = TrainingOptions(
    loss=None,
    epochs=3,
    batch_size=8,
    standardize_targets=False,
    shuffle=False,
    validation_fraction=None,
    patience=None,
)


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """Return a function that puts samples and targets in a file, and returns them as an input."""

    def of(x: NDArray[np.generic], y: NDArray[np.generic], key: str = "input") -> Input:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.h5"
        with h5py.File(path, "w") as file:
            file["x"], file["y"] = x, y
        named = {"labels": "/y"} if y.ndim == 1 else {"targets": "/y"}
        source = open_input("hdf5", key=key, path=str(path), dataset="/x", **named)
        return Input(source, IDENTITY, str(x.dtype))

    return of


def training(
    data: Input,
    validation: Input | None = None,
    config: TrainingOptions = CONFIG,
    optimizer: Choice[Optimizer] = SGD,
    sizes: tuple[int, ...] = (3,),
    output: str = "softmax",
    before: Before | None = None,
    threads: int = 1,
    seed: int = 0,
) -> Training:
    layers = {
        f"layer{i}": dense(size, "tanh" if i < len(sizes) else output)
        for i, size in enumerate(sizes, start=1)
    }
    named: dict[str, Choice[Any]] = {}
    for name, layer in layers.items():
        named |= {**(before or {}).get(name, {}), name: layer}
    return of_stack(named, data, config, threads, optimizer, validation, seed)


def of_stack(
    named: Stack,
    data: Input,
    config: TrainingOptions,
    threads: int = 1,
    optimizer: Choice[Optimizer] = SGD,
    validation: Input | None = None,
    seed: int = 0,
) -> Training:
    recipe = Recipe(config, optimizer, ARCHITECTURES.choice("stack", layers=named), seed=seed)
    net = build(named, inputs=data.features, seed=seed, dtype=data.dtype)
    pass_ = Backpropagation(net, recipe.loss, config.batch_size, named, threads)

    def batches(of: Input) -> Batches:
        whole = Split(of.samples, 0, 0).kept
        return Batches(of, whole, of.samples, pass_.room, 1 << 30, seed=None)

    return Training(pass_, recipe, batches(data), validation and batches(validation), threads)


def train(work: Training) -> Training:
    with one_thread:
        while not work.ended:
            work.epoch(lambda *_: None)
    return work


CASES: dict[str, tuple[TrainingOptions, Choice[Optimizer]]] = {
    "plain": (CONFIG, SGD),
    "l2": (replace(CONFIG, l2=0.3), SGD),
    "l1": (replace(CONFIG, l1=0.2), SGD),
    "both": (replace(CONFIG, l1=0.2, l2=0.3), SGD),
    "clip_norm": (replace(CONFIG, clip_norm=0.5), SGD),
    "step": (replace(CONFIG, schedule=SCHEDULES.choice("step", every=1, factor=0.3)), SGD),
    "cosine": (replace(CONFIG, schedule=SCHEDULES.choice("cosine", floor=0.2)), SGD),
    "inverse_time": (
        replace(CONFIG, schedule=SCHEDULES.choice("inverse_time", warmup=0.6, decay=2.0)),
        SGD,
    ),
    "momentum": (CONFIG, OPTIMIZERS.choice("momentum", learning_rate=0.05, momentum=0.7)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_linear_layer_goes_where_its_steps_by_hand_lead(given: Given, case: str) -> None:
    config, optimizer = CASES[case]
    generator = np.random.default_rng(1)
    x, t = generator.normal(size=(20, 4)), generator.normal(size=(20, 2))
    work = training(given(x, t), config=config, optimizer=optimizer, sizes=(2,), output="linear")
    rate = optimizer.options.learning_rate
    momentum = getattr(optimizer.options, "momentum", 0)
    p = work.last.layers[0].parameters.copy()
    velocity, step = np.zeros_like(p), 0
    for epoch in range(3):
        losses, norms = [], []
        for start in (0, 8, 16):
            a = np.column_stack([x[start : start + 8], np.ones(len(x[start : start + 8]))])
            error = a @ p.T - t[start : start + 8]
            losses.append(np.square(error).sum() / 2)
            gradient = 2 / 2 * error.T @ a / len(a)
            weights = np.column_stack([p[:, :-1], np.zeros(2)])
            gradient += config.l2 * weights + config.l1 * np.sign(weights)
            norms.append(np.linalg.norm(gradient))
            if config.clip_norm is not None and norms[-1] > config.clip_norm:
                gradient *= config.clip_norm / norms[-1]
            factor = {
                "step": 0.3**epoch,
                "cosine": 0.2 + 0.8 * (1 + math.cos(math.pi * step / 8)) / 2,
                "inverse_time": min(1, (step + 1) / 1.8) / (1 + 2 * step / 3),
            }.get(case, 1)
            velocity = momentum * velocity + gradient
            p -= rate * factor * velocity
            step += 1
        work.epoch(lambda *_: None)
        np.testing.assert_allclose(work.last.layers[0].parameters, p, rtol=1e-10)
        done = work.history[-1]
        assert done.loss == pytest.approx(sum(losses) / 20, rel=1e-10)
        assert done.gradient_norm == pytest.approx(np.mean(norms), rel=1e-10)
        assert done.learning_rate == pytest.approx(rate * factor, rel=1e-12)
    assert work.ended


NORM: Before = {"layer2": {"norm": LAYERS.choice("batch_norm")}}


def classes(rows: int, features: int = 4, seed: int = 0) -> tuple[Vector, NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(rows, features)), generator.integers(0, 3, rows)


def test_cores_change_no_bit_of_any_kind_of_layer(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnpipe.system.products._BLOCK", 1 << 10)
    monkeypatch.setattr("nnpipe.training.descent._TILE", 1 << 10)
    stack = every_kind(width=40)
    data, config = given(*classes(96, 30)), replace(CONFIG, batch_size=32)
    found = [train(of_stack(stack, data, config, threads)).checkpoint({}) for threads in (1, 2, 5)]
    assert list(found[0].statistics) == ["block.norm", "deep.inner.norm", "norm2"]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].parameters, other.parameters)
        for name, vector in found[0].statistics.items():
            np.testing.assert_array_equal(vector, other.statistics[name])


def test_cores_change_no_bit(given: Given) -> None:
    generator = np.random.default_rng(0)
    x = generator.random((384, 784), np.float32)
    data = given(x, generator.integers(0, 10, 384))
    before = {
        "layer1": {"drop": LAYERS.choice("dropout", rate=0.2)},
        "layer2": {
            "norm": LAYERS.choice("batch_norm"),
            "drop2": LAYERS.choice("dropout", rate=0.5),
        },
    }
    config = replace(CONFIG, epochs=2, batch_size=128, shuffle=True)
    found = [
        train(
            training(
                data,
                config=config,
                optimizer=OPTIMIZERS.choice("adam"),
                sizes=(512, 256, 10),
                before=before,
                threads=threads,
            )
        )
        for threads in (1, 2, 5)
    ]
    # Enough for products and optimizer to be cut: see _BLOCK and _TILE.
    assert 128 * 785 * 512 > 3 * (1 << 24)
    assert found[0].checkpoint({}).parameters.nbytes > 2 * (1 << 19)
    first, *others = (work.checkpoint({}) for work in found)
    for other in others:
        np.testing.assert_array_equal(first.parameters, other.parameters)
        np.testing.assert_array_equal(first.statistics["norm"], other.statistics["norm"])
        for name in first.state:
            np.testing.assert_array_equal(first.state[name], other.state[name])


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_network_that_training_leaves_of_blocks_is_the_one_that_is_validated(
    given: Given, keep: str
) -> None:
    x, y = classes(50, seed=1)
    work = of_stack(every_kind(), given(*classes(60)), CONFIG, validation=given(x, y))
    network = getattr(train(work), keep)
    number = work.best_epoch if keep == "best" else 3
    assert network.stack == lasting(every_kind())
    expected = -np.log(network(x)[np.arange(50), y]).mean()
    assert work.history[number - 1].validation_loss == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_what_is_validated_is_the_network_that_the_training_leaves(given: Given, keep: str) -> None:
    x, y = classes(60)
    aside, answers = classes(50, seed=1)
    config = replace(CONFIG, epochs=8)
    work = training(given(x, y), given(aside, answers), config, sizes=(6, 3), before=NORM)
    train(work)
    number = work.best_epoch if keep == "best" else 8
    outputs = getattr(work, keep)(aside)
    expected = -np.log(outputs[np.arange(50), answers]).mean()
    assert work.history[number - 1].validation_loss == pytest.approx(expected, rel=1e-10)
    assert work.history[number - 1].validation_accuracy == (outputs.argmax(1) == answers).mean()
    losses = [epoch.validation_loss for epoch in work.history]
    assert work.best_epoch == int(np.argmin(losses)) + 1
    # Not of the start: what batch normalization remembers has moved with the batches.
    mean, variance = work.checkpoint({}).statistics["norm"].reshape(2, -1)
    assert (np.abs(mean) > 1e-3).all()
    assert (np.abs(variance - 1) > 1e-3).all()


def test_dropout_drops_anew_in_every_epoch_and_by_the_seed(given: Given) -> None:
    x, y = classes(60)
    # So slow that the parameters stay where they are: losses differ by what is dropped alone.
    still = OPTIMIZERS.choice("sgd", learning_rate=1e-300)
    dropping = {"layer2": {"drop": LAYERS.choice("dropout", rate=0.5)}}

    def losses(before: Before, data: Input) -> list[float]:
        work = training(data, optimizer=still, sizes=(6, 3), before=before)
        return [epoch.loss for epoch in train(work).history]

    data = given(x, y)
    assert len(set(losses({}, data))) == 1
    assert len(set(losses(dropping, data))) == 3
    assert losses(dropping, data) == losses(dropping, data)


@pytest.mark.parametrize("after", [1, 3])
def test_a_restored_training_remembers_the_best_epoch(
    given: Given, tmp_path: Path, after: int
) -> None:
    # Labels of chance: what the network learns of the one half makes it worse at the other.
    data, aside = given(*classes(40)), given(*classes(40, seed=1))
    config, fast = replace(CONFIG, epochs=6), OPTIMIZERS.choice("adam", learning_rate=0.3)

    def make() -> Training:
        return training(data, aside, config, fast, sizes=(20, 3), before=NORM)

    whole, stopped = train(make()), make()
    assert whole.best_epoch == 1
    for _ in range(after):
        stopped.epoch(lambda *_: None)
    with (tmp_path / "checkpoint.h5").open("w+b") as file:
        write_checkpoint(file, stopped.checkpoint({}))
    resumed = make()
    resumed.restore(read_checkpoint(tmp_path))
    assert resumed.best_epoch == 1
    train(resumed)
    for one, other in ((whole.best, resumed.best), (whole.last, resumed.last)):
        for ours, theirs in zip(one.layers, other.layers, strict=True):
            np.testing.assert_array_equal(ours.parameters, theirs.parameters)
    losses = [epoch.validation_loss for epoch in whole.history]
    assert [epoch.validation_loss for epoch in resumed.history] == losses


def test_patience_counts_from_the_best_epoch(given: Given) -> None:
    config = replace(CONFIG, epochs=50, patience=2)
    fast = OPTIMIZERS.choice("adam", learning_rate=0.3)
    data, aside = given(*classes(40)), given(*classes(40, seed=1))
    work = train(training(data, aside, config, fast, sizes=(20, 3)))
    assert len(work.history) == work.best_epoch + 2 < 50


def test_a_checkpoint_of_another_version_is_refused(given: Given, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.h5"
    with path.open("w+b") as written:
        write_checkpoint(written, train(training(given(*classes(20)))).checkpoint({}))
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(RunError) as error:
        read_checkpoint(tmp_path)
    assert str(error.value) == (
        f"checkpoint.h5: {path} has version 2 of the format 'nnpipe checkpoint'; "
        "expected 3 or 4. Open it with the version of nnpipe that wrote it."
    )


def test_a_gradient_whose_squares_overflow_is_clipped(given: Given) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(8, 4)).astype(np.float32) * np.float32(1e25)
    config = replace(CONFIG, epochs=1, clip_norm=1e-3)
    work = training(given(x, generator.integers(0, 3, 8)), config=config)
    before = work.last.layers[0].parameters.copy()
    train(work)
    assert 1e23 < work.history[0].gradient_norm < 1e27
    moved = work.last.layers[0].parameters.astype(np.float64) - before
    assert np.linalg.norm(moved) == pytest.approx(0.1 * 1e-3, rel=1e-2)


def diverges(work: Training) -> str:
    with pytest.raises(TrainingError) as error:
        train(work)
    return str(error.value)


def test_running_variances_that_overflow_end_the_training(given: Given) -> None:
    x, y = classes(20)
    large = (x * 1e20).astype(np.float32)
    work = training(given(large, y), before={"layer1": {"norm0": LAYERS.choice("batch_norm")}})
    assert diverges(work) == (
        "training: found a running mean or variance that is not finite in epoch 1, batch 1; the "
        "first numbers that are not finite are in the layer norm0; expected finite numbers. "
        "Set optimizer.learning_rate below 0.1, set training.clip_norm, or input.normalize."
    )


def test_a_block_is_named_whose_inner_numbers_are_not_finite(given: Given) -> None:
    x, y = classes(20)
    block = residual(norm=LAYERS.choice("batch_norm"), inner=dense(4, "tanh"))
    stack = {"first": LAYERS.choice("residual", layers={"block": block}), "last": dense(3)}
    found = diverges(of_stack(stack, given((x * 1e20).astype(np.float32), y), CONFIG))
    assert found.startswith(
        "training: found a running mean or variance that is not finite in epoch 1, batch 1; the "
        "first numbers that are not finite are in the layer first;"
    )


@pytest.mark.parametrize("before", [{}, {"layer1": {"norm0": LAYERS.choice("batch_norm")}}])
def test_an_input_that_is_not_finite_is_told_from_a_network_that_is_not(
    given: Given, before: Before
) -> None:
    x, y = classes(20)
    holed = x.copy()
    holed[11, 2] = np.nan

    def tail(key: str) -> str:
        return (
            f"; the first numbers that are not finite are in the {key}; expected finite numbers. "
            f"Clean the data; {key}.on_nonfinite=error names the sample."
        )

    work = training(given(holed, y), before=before)
    assert diverges(work) == "training: found a loss of nan in epoch 1, batch 2" + tail("input")
    work = training(given(x, y), given(holed, y, key="validation"), before=before)
    where = "epoch 1, batch 2 of the validation"
    assert diverges(work) == f"training: found a loss of nan in {where}" + tail("validation")


@pytest.mark.parametrize("layer", ["layer1", "layer2"])
def test_the_layer_is_named_whose_numbers_are_not_finite_first(given: Given, layer: str) -> None:
    work = training(given(*classes(20)), sizes=(6, 3))
    start = work.checkpoint({})
    # Of the first layer infinity is seen by nobody: tanh makes 1 of it, and a gradient of 0.
    found, index = {
        "layer1": ("a parameter that is not finite after epoch 1", 0),
        "layer2": ("a loss of nan in epoch 1, batch 1", -1),
    }[layer]
    start.parameters[index] = np.inf
    assert diverges(work).startswith(
        f"training: found {found}; the first numbers that are not finite are in the layer {layer};"
    )

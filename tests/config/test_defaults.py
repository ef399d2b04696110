"""The defaults of earlier versions: they fit the kinds of now, and no later one changes them."""

import dataclasses

import pytest

from nnpipe.config.defaults import (
    FORMER,
    VERSION_1,
    complete,
    modernize,
    without_auto,
    without_nulls,
)
from nnpipe.config.load import load, load_choice, store
from nnpipe.errors import ConfigError
from nnpipe.pipeline.config import Config
from nnpipe.training.options import TrainingOptions
from tests.config.test_load import REGISTRIES

OF_VERSION_1 = [(group, kind) for group, kinds in VERSION_1.items() for kind in kinds]


@pytest.mark.parametrize(("group", "kind"), OF_VERSION_1)
def test_each_is_an_option_of_its_kind_and_within_its_limits(group, kind):
    registry, given = REGISTRIES[group], VERSION_1[group][kind]
    fields = {field.name for field in dataclasses.fields(registry.load(kind).options)}
    assert set(given) <= fields
    stored = store(load_choice(registry, {"kind": kind, **given}, "key"))
    assert {name: stored[name] for name in given} == given


@pytest.mark.parametrize(("group", "kind"), OF_VERSION_1)
def test_null_for_an_option_is_its_default_then(group, kind):
    registry, given = REGISTRIES[group], VERSION_1[group][kind]
    nulls = dict.fromkeys(given)
    assert load_choice(registry, {"kind": kind, **nulls}, "key") == load_choice(
        registry, {"kind": kind, **given}, "key"
    )


@pytest.mark.parametrize(("group", "kind"), OF_VERSION_1)
def test_null_for_an_option_of_another_kind_is_left_out_and_a_value_is_refused(group, kind):
    registry, kinds = REGISTRIES[group], VERSION_1[group]
    names = {field.name for field in dataclasses.fields(registry.load(kind).options)}
    others = {name: value for given in kinds.values() for name, value in given.items()}
    others = {name: value for name, value in others.items() if name not in names}
    nulls = dict.fromkeys(others)
    assert load_choice(registry, {"kind": kind, **nulls}, "key") == registry.choice(kind)
    for name in others:
        with pytest.raises(ConfigError) as refused:
            load_choice(registry, {"kind": kind, name: 0.5}, "key")
        (problem,) = refused.value.problems
        assert problem.startswith(f"key.{name}: unknown key for the kind {kind!r}")


def test_what_a_stored_config_of_version_1_leaves_out_keeps_the_default_of_then(monkeypatch):
    then = {**VERSION_1["nnpipe.optimizers"]["adam"], "beta1": 0.5}
    monkeypatch.setitem(VERSION_1["nnpipe.optimizers"], "adam", then)
    given = {"optimizer": {"kind": "adam", "beta2": 0.8}}
    stored, _ = load(Config, given, version=1)
    assert (stored.optimizer.options.beta1, stored.optimizer.options.beta2) == (0.5, 0.8)
    for version in (None, 2):
        typed, _ = load(Config, given, version=version)
        assert typed.optimizer.options.beta1 == 0.9


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"samples": 3}, {"samples": 3}),
        ({"mean": None, "std": None, "low": None, "high": None, "p": None}, {}),
        ({"std": 2}, {"distribution": {"kind": "normal", "std": 2}}),
        (
            {"distribution": "uniform", "low": 1, "p": None},
            {"distribution": {"kind": "uniform", "low": 1}},
        ),
        (
            {"distribution": {"kind": "normal", "mean": 1}, "std": 2},
            {"distribution": {"kind": "normal", "mean": 1, "std": 2}},
        ),
        ({"distribution": "normal", "p": 0.5}, {"distribution": {"kind": "normal", "p": 0.5}}),
    ],
)
def test_what_stood_beside_the_distribution_moves_into_it(given, expected):
    before = dict(given)
    assert modernize("nnpipe.sources", "random", given) == expected
    assert given == before
    assert modernize("nnpipe.sources", "hdf5", given) == given


def test_null_is_a_value_where_it_always_was_one():
    given = {"mean": None, "divisor": None}
    assert without_nulls("nnpipe.normalizations", "standardize", given) == {"mean": None}
    assert without_nulls("nnpipe.engines", "fast", {"tile": None, "threads": None}) == {
        "tile": None,
        "threads": None,
    }
    assert without_nulls("nnpipe.losses", "cross_entropy", {"a": None}) == {"a": None}


LAYERS = {"architecture": {"layers": {"a": {"neurons": 3}, "b": {"neurons": 2}}}}
BEFORE = {**LAYERS, "input": {"samples": 3}, "training": {"epochs": 7}}
NOW = {**LAYERS, "training": {"epochs": 7, "standardize_targets": "auto"}}


@pytest.mark.parametrize("version", [1, 2])
def test_a_stored_config_of_before_auto_keeps_the_defaults_of_then(version):
    config, problems = load(Config, BEFORE, version=version)
    assert problems == []
    assert "auto" not in str(store(config))
    for layer in config.architecture.options.layers.values():
        assert (layer.options.activation.kind, layer.options.initializer.kind) == (
            "sigmoid",
            "normal",
        )
    assert config.training.epochs == 7
    assert {name: getattr(config.training, name) for name in ("batch_size", "patience")} == {
        "batch_size": 128,
        "patience": None,
    }
    assert config.training.standardize_targets is False


@pytest.mark.parametrize(("given", "version"), [(BEFORE, None), (NOW, None), (NOW, 2)])
def test_a_config_of_now_has_auto_where_nothing_is_said(given, version):
    config, _ = load(Config, given, version=version)
    assert config.architecture.options.layers["a"].options.activation == "auto"
    assert config.training.batch_size == "auto"


def test_the_config_of_a_run_of_before_is_complete():
    before = {"training": {"epochs": 7}, "seed": 1}
    assert complete(before) == {
        "training": {"epochs": 7, "standardize_targets": False},
        "seed": 1,
    }
    assert before == {"training": {"epochs": 7}, "seed": 1}
    assert complete(NOW) == NOW
    assert complete({"seed": 1}) == {"seed": 1}


def test_what_was_auto_has_a_former_default():
    names = {
        field.name
        for registry in REGISTRIES.values()
        for kind in registry.built_in
        for field in dataclasses.fields(registry.load(kind).options)
        if field.metadata.get("auto")
    }
    names |= {f.name for f in dataclasses.fields(TrainingOptions) if f.metadata.get("auto")}
    assert names == set(FORMER)
    assert without_auto(FORMER) == FORMER

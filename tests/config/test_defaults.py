"""The defaults of version 1: they fit the kinds of now, and no later default changes them."""

import dataclasses

import pytest

from nnpipe.config.defaults import VERSION_1, modernize, without_nulls
from nnpipe.config.load import load, load_choice, store
from nnpipe.errors import ConfigError
from nnpipe.pipeline.config import Config
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

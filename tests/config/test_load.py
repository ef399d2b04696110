"""From a mapping to typed options and back: short forms, types, every problem at once.

Modules: config/keys.py.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnpipe.config.kind import MISSING, Choice, Kind
from nnpipe.config.load import load, load_choice, store
from nnpipe.config.options import choice, choices, option
from nnpipe.config.registry import Registry
from nnpipe.engines import ENGINES
from nnpipe.errors import ConfigError
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.initializers import INITIALIZERS
from nnpipe.network.layers import LAYERS
from nnpipe.pipeline.config import Config
from nnpipe.pipeline.load import find_problems
from nnpipe.sources import SOURCES
from nnpipe.sources.distributions import DISTRIBUTIONS
from nnpipe.sources.normalizations import NORMALIZATIONS
from nnpipe.stages import STAGES
from nnpipe.stages.metrics import METRICS
from nnpipe.training.losses import LOSSES
from nnpipe.training.optimizers import OPTIMIZERS
from nnpipe.training.schedules import SCHEDULES

REGISTRIES = {
    registry.group: registry
    for registry in (
        ACTIVATIONS,
        ARCHITECTURES,
        DISTRIBUTIONS,
        ENGINES,
        INITIALIZERS,
        LAYERS,
        LOSSES,
        METRICS,
        NORMALIZATIONS,
        OPTIMIZERS,
        SCHEDULES,
        SOURCES,
        STAGES,
    )
}
KINDS = [(registry, name) for registry in REGISTRIES.values() for name in registry.built_in]


def loaded(given):
    config, problems = load(Config, given)
    assert problems == []
    return config


def problems_of(given):
    return load(Config, given)[1]


def test_numpys_and_the_file_systems_values_are_taken_as_plain_ones():
    config = loaded(
        {
            "architecture": {"sizes": np.array([4, 2])},
            "input": {
                "path": Path("data") / "x.h5",
                "dataset": "/x",
                "normalize": {"kind": "standardize", "mean": [np.float32(0.5)], "std": (1,)},
            },
            "output": {"predictions": np.True_},
            "seed": np.int64(3),
        }
    )
    assert config.architecture.options.sizes == [4, 2]
    assert config.input.options.path == "data/x.h5"
    statistics = NORMALIZATIONS.choice("standardize", mean=[0.5], std=[1.0])
    assert config.input.options.normalize == statistics
    assert config.output.predictions is True
    assert (type(config.seed), config.seed) == (int, 3)


def test_parts_may_be_given_as_choices_and_options_themselves():
    engine = ENGINES.choice("reference", batch_size=5)
    activation = ACTIVATIONS.choice("leaky_relu", slope=0.3)
    output = dataclasses.replace(Config().output, name="other")
    config = loaded(
        {
            "engine": engine,
            "architecture": ARCHITECTURES.choice("mlp", sizes=[2], activation=activation),
            "input": {"distribution": DISTRIBUTIONS.choice("uniform", low=-1.0)},
            "output": output,
            "pipeline": {"stages": [STAGES.choice("infer")]},
        }
    )
    assert config.engine == engine
    assert config.architecture.options.activation == activation
    assert config.input.options.distribution == DISTRIBUTIONS.choice("uniform", low=-1.0)
    assert config.output == output
    assert config.pipeline.stages == [STAGES.choice("infer")]


def test_a_choice_that_is_given_is_checked_like_a_mapping():
    given = {"engine": ENGINES.choice("fast", tile=0), "optimizer": OPTIMIZERS.choice("sgd")}
    assert problems_of(given) == ["engine.tile: found 0; expected 1 or greater"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"seed": "1"}, "seed: found '1'; expected an integer"),
        ({"seed": 1.0}, "seed: found 1.0; expected an integer"),
        ({"seed": True}, "seed: found True; expected an integer"),
        ({"seed": None}, "seed: found null; expected an integer"),
        ({"dtype": [32]}, "dtype: found [32]; expected a string"),
        ({"dtype": 32}, "dtype: found '32'; expected one of float32, float64"),
        ({"engine": ["fast"]}, "engine: found ['fast']; expected a name, or a mapping with kind"),
        ({"engine": None}, "engine: found null; expected a name, or a mapping with kind"),
        ({"input": 3}, "input: found 3; expected a name, or a mapping with kind"),
        ({"input": {"std": "1"}}, "input.distribution.std: found '1'; expected a number"),
        ({"output": {"predictions": 1}}, "output.predictions: found 1; expected true or false"),
        (
            {"output": {"activations": "all"}},
            "output.activations: found 'all'; expected a list",
        ),
        (
            {"architecture": {"sizes": [3, "4"]}},
            "architecture.sizes[1]: found '4'; expected an integer",
        ),
        (
            {"architecture": {"layers": [3]}},
            "architecture.layers: found [3]; expected a mapping",
        ),
        (
            {"architecture": {"layers": {"a": 3}}},
            "architecture.layers.a: found 3; expected a name, or a mapping with kind",
        ),
        (
            {"architecture": {"layers": {"a": {}}}},
            "architecture.layers.a.neurons: missing; set it",
        ),
        (
            {"architecture": {"layers": {"a": {"neurons": 2, "initializer": 5}}}},
            "architecture.layers.a.initializer: found 5; expected a name, or a mapping with kind",
        ),
        (
            {"architecture": {"kind": "from_run"}},
            "architecture.run: missing; set it",
        ),
        (
            {"input": {"kind": "hdf5", "path": "???"}},
            "input.path: missing; set it",
        ),
        (
            {"architecture": {"kind": "mpl"}},
            "architecture.kind: 'mpl' is not a form of architecture; "
            "expected one of from_run, mlp, stack, uniform. Did you mean 'mlp'?",
        ),
        (
            {"input": {"kind": None}},
            "input.kind: null is not an input source; expected one of hdf5, idx, npy, random.",
        ),
        (
            {"engine": {"batchsize": 5}},
            "engine.batchsize: unknown key for the kind 'fast'; expected one of batch_size, "
            "memory_limit, threads, tile. Did you mean 'batch_size'?",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_was_expected(given, problem):
    assert problem in problems_of(given)


def test_an_unknown_key_at_the_top_lists_the_keys():
    (problem,) = problems_of({"sede": 1})
    assert problem.startswith("sede: unknown key; expected one of architecture, ")
    assert problem.endswith(" Did you mean 'seed'?")


def test_every_problem_is_found_at_once_and_defaults_stand_in():
    config, problems = load(
        Config, {"architecture": {"sizes": 5}, "engine": {"batch_size": "x"}, "seed": "x"}
    )
    assert problems == [
        "architecture.sizes: found 5; expected a list",
        "engine.batch_size: found 'x'; expected an integer",
        "seed: found 'x'; expected an integer",
    ]
    assert config == loaded({})


def test_a_long_value_is_shown_in_part():
    (problem,) = problems_of({"seed": "x" * 1000})
    assert problem == f"seed: found '{'x' * 79}; expected an integer"


def test_a_source_that_cannot_be_loaded_is_a_problem_of_its_kind(monkeypatch):
    load_others = SOURCES.load

    def broken(name):
        if name == "ours":
            raise ConfigError(["'ours' cannot be imported"])
        return load_others(name)

    monkeypatch.setattr(SOURCES, "load", broken)
    config, problems = load(Config, {"input": {"kind": "ours"}, "architecture": {"sizes": [2]}})
    assert problems == ["input.kind: 'ours' cannot be imported"]
    assert config.input == Config().input
    assert config.architecture.options.sizes == [2]


OPTIONS = [Config, *(registry.load(name).options for registry, name in KINDS)]
KEYS = sorted(
    {field.name for schema in OPTIONS for field in dataclasses.fields(schema)}
    | {"start", "stop", "step", "kind"}
)
names = st.sampled_from([*KEYS, "a", ""])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["???", "mlp", "stack", "uniform", "from_run", "random", "hdf5", "normal"])
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)


@st.composite
def configs(draw):
    """Draw a mapping of the right keys at the top, and anything at all below."""
    return draw(st.dictionaries(st.sampled_from([*Config.__dataclass_fields__, "a"]), trees))


@settings(max_examples=400)
@given(configs())
@example({"architecture": {"kind": ["mlp"]}})
@example({"architecture": {"sizes": ["???"]}})
@example({"architecture": {"kind": "stack", "layers": "???"}})
@example({"architecture": "???", "input": "???", "pipeline": "???"})
@example({"architecture": {"initializer": "???"}})
@example({"architecture": {"layers": {"a": "???"}}})
@example({"input": {"normalize": {"kind": "standardize", "mean": "???"}}})
@example({"architecture": {"depth": 2**80}})
def test_anything_that_json_can_say_gives_problems_and_never_an_error(given):
    config, problems = load(Config, given)
    assert type(config) is Config
    assert all(isinstance(problem, str) and "\n" not in problem for problem in problems)
    assert isinstance(find_problems(given), list)


@given(st.lists(st.integers(-5, 5)), st.integers())
def test_what_is_given_is_not_changed(sizes, seed):
    given = {"architecture": {"sizes": sizes, "initializer": "zeros"}, "seed": seed}
    # What is out of range is left out with its list.
    expected = sizes if all(size >= 1 for size in sizes) else "auto"
    copy = {"architecture": {"sizes": list(sizes), "initializer": "zeros"}, "seed": seed}
    assert load(Config, given)[0].architecture.options.sizes == expected
    assert given == copy


def test_a_mapping_of_any_type_is_read():
    class Frozen(Mapping):
        def __init__(self, items):
            self._items = items

        def __getitem__(self, key):
            return self._items[key]

        def __iter__(self):
            return iter(self._items)

        def __len__(self):
            return len(self._items)

    config = loaded(Frozen({"architecture": Frozen({"layers": Frozen({"a": {"neurons": 2}})})}))
    assert config.architecture.options.layers == {"a": LAYERS.choice("dense", neurons=2)}


# Texts of which a rule of their kind says more than their type does.
TEXTS = {
    "cluster": ["local", "slurm", "tcp://host:8786"],
    "memory": ["4GiB"],
    "partition": ["short"],
    "walltime": ["1-00:30:00"],
}


def scalars_within(name, wanted, limits):
    """Draw values of a type within the limits of an option."""
    if wanted is bool:
        return st.booleans()
    if wanted is str:
        return st.sampled_from(limits.among or TEXTS.get(name, ["a/b", "x y", "é", "1"]))
    low = limits.at_least if limits.at_least is not None else limits.above
    high = limits.at_most if limits.at_most is not None else limits.below
    if wanted is int:
        return st.integers(low if low is not None else -100, high if high is not None else 10**6)
    ends = {"exclude_min": limits.above is not None, "exclude_max": limits.below is not None}
    return st.floats(low, high, allow_nan=False, allow_infinity=False, **ends)


def values_of(field, wanted, depth):
    """Draw values of an option, all that its type and its limits allow."""
    if type(None) in get_args(wanted):
        return st.none() | values_of(field, get_args(wanted)[0], depth)
    if get_origin(wanted) is list:
        return st.lists(values_of(field, get_args(wanted)[0], depth), max_size=3)
    if get_origin(wanted) is dict:
        drawn = values_of(field, get_args(wanted)[1], depth)
        return st.dictionaries(st.sampled_from(["a", "b2", "_"]), drawn, max_size=3)
    if "registry" in field.metadata:
        registry = field.metadata["registry"]
        return st.sampled_from(tuple(registry.built_in)).flatmap(
            lambda name: choices_of(registry, name, depth - 1)
        )
    if dataclasses.is_dataclass(wanted):
        return options_of(wanted, depth)
    return scalars_within(field.name, wanted, field.metadata["limits"])


def options_of(schema, depth=2):
    """Draw options; below some depth choices have their defaults."""
    hints = get_type_hints(schema)
    drawn = {
        field.name: values_of(field, hints[field.name], depth)
        for field in dataclasses.fields(schema)
        if depth > 0 or field.default is MISSING
    }
    return st.builds(schema, **drawn)


def choices_of(registry, name, depth=2):
    """Draw choices of one kind that break no rule of it."""
    kind = registry.load(name)
    drawn = options_of(kind.options, depth).map(lambda options: Choice(name, options, kind))
    return drawn.filter(lambda chosen: not list(kind.check(chosen.options, "key")))


@pytest.mark.parametrize(
    ("registry", "name"), KINDS, ids=[f"{registry.group}-{name}" for registry, name in KINDS]
)
def test_a_choice_that_is_stored_and_loaded_is_an_equal_one(registry, name):
    @settings(max_examples=30)
    # The layers of a stack are drawn themselves, as kinds of their own.
    @given(choices_of(registry, name, depth=1 if name == "stack" else 2))
    def check(chosen):
        stored = store(chosen)
        assert isinstance(stored, str) == (not dataclasses.fields(chosen.options))
        assert load_choice(registry, stored, "key") == chosen
        for again in (
            json.loads(json.dumps(stored)),
            yaml.safe_load(yaml.safe_dump(stored, sort_keys=False)),
        ):
            assert load_choice(registry, again, "key") == chosen
        assert load_choice(registry, chosen, "key") == chosen

    check()


@pytest.mark.parametrize(
    ("registry", "name"), KINDS, ids=[f"{registry.group}-{name}" for registry, name in KINDS]
)
def test_a_name_alone_is_its_kind_with_every_default(registry, name):
    options = registry.load(name).options
    required = [field.name for field in dataclasses.fields(options) if field.default == MISSING]
    if required or name in ("stack", "residual"):
        with pytest.raises(ConfigError) as refused:
            load_choice(registry, name, "key")
        expected = [f"key.{field}: missing; set it" for field in required]
        assert list(refused.value.problems) == (
            expected or ["key.layers: found no layer; expected at least one"]
        )
        return
    chosen = load_choice(registry, name, "key")
    assert chosen == registry.choice(name) == load_choice(registry, {"kind": name}, "key")
    assert chosen.of is registry.load(name)
    for field in dataclasses.fields(options):
        assert field.metadata.get("doc"), field.name


def test_the_groups_of_all_registries_differ_and_each_is_in_a_config_or_in_a_kind():
    assert len(REGISTRIES) == 13
    sections = type(Config().pipeline), type(Config().training)
    used = {
        field.metadata["registry"].group
        for schema in (*OPTIONS, *sections)
        for field in dataclasses.fields(schema)
        if "registry" in field.metadata
    }
    assert used == set(REGISTRIES)


@dataclasses.dataclass(frozen=True)
class WayOptions:
    second: float = option(MISSING, "speed in m/s", above=0, at_most=10)
    first: str = option(MISSING, "where to")
    steps: list[int] = option([1, 2], "lengths", at_least=1)
    loud: bool = option(False, "whether it is heard")


def _check(options, key):
    if options.loud and options.second > 5:
        yield f"{key}.second: found {options.second}; expected 5 or less where loud=true"


WAY = Kind(WayOptions, lambda options: options, _check)
WAYS = Registry("a way", "nnpipe.tests_of_loading", {"walk": f"{__name__}:WAY"})


@dataclasses.dataclass(frozen=True)
class Journey:
    way: Choice = choice(WAYS, None, "how")
    more: dict[str, Choice] = choices(WAYS, {}, "how else", guess=lambda given: "walk")


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"second": 5, "first": "a"}, []),
        ({"second": 0, "first": "a"}, ["k.second: found 0.0; expected more than 0, 10 or less"]),
        ({}, ["k.second: missing; set it", "k.first: missing; set it"]),
        (
            {"second": 1, "first": "a", "steps": [1, 0]},
            ["k.steps[1]: found 0; expected 1 or greater"],
        ),
        (
            {"second": 6, "first": "a", "loud": True},
            ["k.second: found 6.0; expected 5 or less where loud=true"],
        ),
        # What spans several options is not checked where one of them has no value.
        (
            {"second": 60, "first": "a", "loud": True},
            ["k.second: found 60.0; expected more than 0, 10 or less"],
        ),
        (
            {"second": True, "first": [3]},
            ["k.second: found True; expected a number", "k.first: found [3]; expected a string"],
        ),
        ({"second": 10**400, "first": "a"}, ["k.second: found inf; expected a finite number"]),
        (
            {"second": 1, "first": "a", "sceond": 2},
            [
                "k.sceond: unknown key for the kind 'walk'; expected one of first, loud, second, "
                "steps. Did you mean 'second'?"
            ],
        ),
    ],
)
def test_a_kind_of_ones_own_is_checked_by_its_options_alone(given, problems):
    if problems:
        with pytest.raises(ConfigError) as refused:
            load_choice(WAYS, {"kind": "walk", **given}, "k")
        assert list(refused.value.problems) == problems
    else:
        assert load_choice(WAYS, {"kind": "walk", **given}, "k").make() == WayOptions(5.0, "a")


def test_choices_in_a_mapping_may_be_told_by_a_guess():
    config, problems = load(Journey, {"more": {"x": {"second": 2, "first": "a"}, "y": "wlak"}})
    assert problems == ["more.y: 'wlak' is not a way; expected one of walk. Did you mean 'walk'?"]
    assert config == Journey()
    config, problems = load(Journey, {"more": {"x": {"second": 2, "first": "a"}}, "way": None})
    assert problems == ["way: found null; expected a name, or a mapping with kind"]
    assert config.more["x"].options.second == 2.0


def test_the_lists_of_two_configs_are_two():
    first, second = WayOptions(1.0, "a"), WayOptions(1.0, "a")
    first.steps.append(3)
    assert second.steps == [1, 2]
    assert store(first) == {"second": 1.0, "first": "a", "steps": [1, 2, 3], "loud": False}

"""From a mapping to a typed config: short forms, types, and every problem at once."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nnpipe.config.schema import InitializerConfig, LayerConfig, NormalizeConfig

from nnpipe.config import schema
from nnpipe.config.load import load
from nnpipe.errors import ConfigError
from nnpipe.pipeline.plan import find_problems
from nnpipe.sources import input_schema


def loaded(given):
    config, problems = load(given, input_schema)
    assert problems == []
    return config


def problems_of(given):
    return load(given, input_schema)[1]


def test_nothing_given_is_the_articles_network_over_random_samples():
    config = loaded({})
    assert config.architecture == schema.MlpConfig(
        sizes=[100, 50, 10, 5], activation="sigmoid", initializer=InitializerConfig("normal")
    )
    assert config.input == schema.RandomInput(
        samples=1000, features=784, normalize=NormalizeConfig("none")
    )
    assert config.engine == schema.EngineConfig("fast", None)
    assert (config.seed, config.dtype) == (0, None)


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [
        ({"sizes": [3]}, schema.MlpConfig),
        ({"width": 3}, schema.UniformConfig),
        ({"depth": 0}, schema.UniformConfig),
        ({"layers": {"a": {"neurons": 1}}}, schema.StackConfig),
        ({"run": "outputs/default/v0001"}, schema.FromRunConfig),
        ({"kind": "uniform"}, schema.UniformConfig),
    ],
)
def test_an_architecture_without_a_kind_is_told_by_its_keys(architecture, kind):
    assert type(loaded({"architecture": architecture}).architecture) is kind


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ({"samples": 3}, schema.RandomInput),
        ({"path": "x.h5", "dataset": "/x"}, schema.Hdf5Input),
        ({"path": "x.npy", "kind": "npy"}, schema.NpyInput),
        ({"path": "x.gz", "kind": "idx"}, schema.IdxInput),
    ],
)
def test_an_input_without_a_kind_is_told_by_its_keys(source, kind):
    assert type(loaded({"input": source}).input) is kind


def test_a_name_stands_for_a_mapping_with_that_kind():
    short = {
        "architecture": {"layers": {"a": {"neurons": 2, "initializer": "he_normal"}}},
        "input": {"normalize": "scale"},
    }
    long = {
        "architecture": {"layers": {"a": {"neurons": 2, "initializer": {"kind": "he_normal"}}}},
        "input": {"normalize": {"kind": "scale"}},
    }
    assert loaded(short) == loaded(long)
    assert loaded(short).architecture.layers["a"].initializer == InitializerConfig("he_normal")
    assert loaded(short).input.normalize == NormalizeConfig("scale")


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
    assert config.architecture.sizes == [4, 2]
    assert config.input.path == "data/x.h5"
    assert config.input.normalize == NormalizeConfig("standardize", mean=[0.5], std=[1.0])
    assert config.output.predictions is True
    assert (type(config.seed), config.seed) == (int, 3)


def test_parts_may_be_given_as_the_schemas_themselves():
    config = loaded({"engine": schema.EngineConfig("reference", 5)})
    assert config.engine == schema.EngineConfig("reference", 5)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"seed": "1"}, "seed: found '1'; expected an integer"),
        ({"seed": 1.0}, "seed: found 1.0; expected an integer"),
        ({"seed": True}, "seed: found True; expected an integer"),
        ({"seed": None}, "seed: found null; expected an integer"),
        ({"dtype": 32}, "dtype: found 32; expected a string"),
        ({"engine": "fast"}, "engine: found 'fast'; expected a mapping"),
        ({"engine": None}, "engine: found null; expected a mapping"),
        ({"input": 3}, "input: found 3; expected a mapping"),
        ({"input": {"std": "1"}}, "input.std: found '1'; expected a number"),
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
            "architecture.layers.a: found 3; expected a mapping",
        ),
        (
            {"architecture": {"layers": {"a": {}}}},
            "architecture.layers.a.neurons: missing; set it",
        ),
        (
            {"architecture": {"layers": {"a": {"neurons": 2, "initializer": 5}}}},
            "architecture.layers.a.initializer: found 5; expected a mapping",
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
            "input.kind: None is not an input source; expected one of hdf5, idx, npy, random.",
        ),
        (
            {"engine": {"batchsize": 5}},
            "engine.batchsize: unknown key; expected one of batch_size, kind, memory_limit, "
            "threads, tile. Did you mean 'batch_size'?",
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
        {"architecture": {"sizes": 5}, "engine": {"batch_size": "x"}, "seed": "x"}, input_schema
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


def test_a_source_that_cannot_be_loaded_is_a_problem_of_its_kind():
    def broken(kind):
        if kind == "ours":
            raise ConfigError(["'ours' cannot be imported"])
        return input_schema(kind)

    config, problems = load({"input": {"kind": "ours"}}, broken)
    assert problems == ["input.kind: 'ours' cannot be imported"]
    assert config.input == loaded({}).input


KEYS = sorted(
    {
        field
        for part in (
            schema.Config,
            schema.InitializerConfig,
            schema.LayerConfig,
            schema.RowsConfig,
            schema.NormalizeConfig,
            schema.EngineConfig,
            schema.OutputConfig,
            schema.PipelineConfig,
            *schema.ARCHITECTURES.values(),
            *schema.INPUTS.values(),
        )
        for field in part.__dataclass_fields__
    }
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
    return draw(st.dictionaries(st.sampled_from([*schema.Config.__dataclass_fields__, "a"]), trees))


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
    config, problems = load(given, input_schema)
    assert type(config) is schema.Config
    assert all(isinstance(problem, str) and "\n" not in problem for problem in problems)
    assert isinstance(find_problems(given), list)


@given(st.lists(st.integers(-5, 5)), st.integers())
def test_what_is_given_is_not_changed(sizes, seed):
    given = {"architecture": {"sizes": sizes, "initializer": "zeros"}, "seed": seed}
    copy = {"architecture": {"sizes": list(sizes), "initializer": "zeros"}, "seed": seed}
    assert loaded(given).architecture.sizes == sizes
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
    assert config.architecture.layers == {
        "a": LayerConfig(neurons=2, initializer=InitializerConfig("normal"))
    }

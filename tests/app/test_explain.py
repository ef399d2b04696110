"""What Hydra refuses is explained in one line each, whatever was typed."""

import shlex

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnpipe.app.compose import VERSION_BASE, conf_folder, register
from nnpipe.app.explain import Refusal, explain


def explained(*arguments):
    register()
    try:
        with initialize_config_dir(str(conf_folder()), version_base=VERSION_BASE):
            compose("config", list(arguments))
    except Refusal as error:
        return explain(arguments, error)
    return explain(arguments, ValueError("accepted"))


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("seed=", ["seed: found ''; expected an integer"]),
        ("a=b=c", ["a=b=c: cannot be read; expected key=value, with quotes as needed"]),
        ("input=3", ["input: found 3; expected a mapping"]),
        (
            "output.figure=a output.metric=b seed=x",
            [
                "output.figure: output.metric is its new name and has another value; "
                "found 'a' and 'b'; expected output.metric alone",
                "seed: found 'x'; expected an integer",
            ],
        ),
        ("seed", ["seed: cannot be read; expected key=value, with quotes as needed"]),
    ],
)
def test_what_cannot_be_read_is_shown_as_it_was_typed(typed, lines):
    assert explained(*shlex.split(typed)) == lines


KEYS = st.sampled_from(
    [
        "seed",
        "dtype",
        "architecture",
        "architecture.sizes",
        "architecture.sizes.0",
        "architecture.sizes.0.x",
        "architecture.layers",
        "architecture.layers.a.neurons",
        "architecture.initializer",
        "architecture.initializer.kind",
        "input",
        "input.rows.start",
        "input.normalize.mean",
        "input.kind",
        "engine.kind.x",
        "output.activations",
        "pipeline.stages",
        "experiment",
        "hydra.run.dir",
        "hydra/launcher",
        "schema/engine",
        "input@architecture",
        "a.b.c",
    ]
)
VALUES = st.sampled_from(
    ["", "1", "-1", "x", "null", "???", "[a,1]", "{a: 1}", "stack", "hdf5", "from_run", "1,2",
     "range(3)", "${seed}", "${no.such}", "${nnpipe.job:x}", "'", "article", "a/../b", "int(x)"]
)  # fmt: skip
ANYTHING = st.text(max_size=12).filter(lambda text: not text.startswith("-"))
OVERRIDES = (
    st.tuples(
        st.sampled_from(["", "+", "++", "~"]), KEYS, st.sampled_from(["=", "", ":"]), VALUES
    ).map("".join)
    | st.tuples(KEYS, ANYTHING).map("=".join)
    | ANYTHING
)


@pytest.mark.slow
@settings(max_examples=15)
@given(st.lists(OVERRIDES, max_size=2))
@example(["~architecture"])
@example(["~input.path", "input=hdf5"])
@example(["architecture.sizes.0=x"])
@example(["seed=${no.such}"])
@example(["seed=${nnpipe.job:x}"])
@example(["experiment=[a,1]"])
@example(["+architecture.layers.a=3", "architecture=stack"])
@example(["architecture=[mlp,stack]"])
@example(["input={a: 1}"])
@example(["hydra=x"])
@example(["input=null"])
@example(["~input=3"])
def test_whatever_is_typed_is_explained_and_never_an_error(arguments):
    lines = explained(*arguments)
    assert lines
    assert all(isinstance(line, str) for line in lines)

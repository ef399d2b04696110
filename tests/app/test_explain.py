"""What Hydra refuses is explained in one line each, whatever was typed.

Modules: app/overrides.py.
"""

import shlex

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnpipe.app.compose import VERSION_BASE, conf_folder, register
from nnpipe.app.composed import plain
from nnpipe.app.explain import Refusal, explain
from nnpipe.app.main import main
from nnpipe.errors import ConfigError
from nnpipe.pipeline.load import find_problems
from tests.processes import call


def explained(*arguments):
    """Return the lines by which a request is refused, or `accepted`."""
    register()
    try:
        with initialize_config_dir(str(conf_folder()), version_base=VERSION_BASE):
            problems = find_problems(plain(compose("config", list(arguments))))
    except ConfigError as error:
        problems = list(error.problems)
    except Refusal as error:
        problems = [explain(error)]
    return problems or ["accepted"]


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("seed=", ["seed: found ''; expected an integer"]),
        ("a=b=c", ["a=b=c: cannot be read; expected key=value, with quotes as needed"]),
        ("input=3", ["input: 3 is not a choice; expected one of hdf5, idx, npy, random."]),
        (
            "output.figure=a output.metric=b seed=x",
            [
                "output.figure: output.metric is its new name and has another value; "
                "found 'a' and 'b'; expected only output.metric",
                "seed: found 'x'; expected an integer",
            ],
        ),
        (
            "optimizer=null",
            [
                "optimizer: null is not a choice; expected one of adadelta, adagrad, adam, adamw, "
                "momentum, nesterov, rmsprop, sgd."
            ],
        ),
        (
            "optimizer=range(1000000000000)",
            [
                "optimizer: 0 is not a choice; expected one of adadelta, adagrad, adam, adamw, "
                "momentum, nesterov, rmsprop, sgd."
            ],
        ),
        ("engine.kind=null", [
            "engine.kind: null is not an engine; expected one of dask, fast, reference."
        ]),
        ("optimizer.kind=[1,2]", [
            "optimizer.kind: [1, 2] is not an optimizer; expected one of adadelta, adagrad, adam, "
            "adamw, momentum, nesterov, rmsprop, sgd."
        ]),
        ("hydra/launcher={a:1}", [
            "hydra/launcher: {'a': 1} is not a choice; expected one of basic, cores, joblib, "
            "slurm, submitit_local, submitit_slurm."
        ]),
        ("seed", ["seed: cannot be read; expected key=value, with quotes as needed"]),
        (
            "foo=1 optimizer=lyon input.smaples=3 engine.tile=x",
            [
                "foo: unknown key; expected one of architecture, dtype, engine, input, optimizer, "
                "output, pipeline, seed, test, training, validation.",
                "optimizer: 'lyon' is not a choice; expected one of adadelta, adagrad, adam, "
                "adamw, momentum, nesterov, rmsprop, sgd.",
                "input.smaples: unknown key for the kind 'random'; expected one of distribution, "
                "features, normalize, on_nonfinite, samples. Did you mean 'samples'?",
                "engine.tile: found 'x'; expected an integer",
            ],
        ),
        (
            "optimizer.kind=sgd optimizer.momentum=0.5",
            [
                "optimizer.momentum: unknown key for the kind 'sgd'; expected one of "
                "learning_rate."
            ],
        ),
        ("seed=${no.such}", ["seed: Interpolation key 'no.such' not found"]),
        (
            "input=hdf5 input.path=${oc.env:NNPIPE_NO_SUCH}",
            ["input.path: Environment variable 'NNPIPE_NO_SUCH' not found"],
        ),
        ("validation.path=a.h5", [
            "validation.path: unknown key for the kind 'random'; expected one of distribution, "
            "features, normalize, on_nonfinite, samples."
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_of_what_was_typed(typed, lines):
    assert explained(*shlex.split(typed)) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "seed: 3\n",
            [
                "experiment=mine: its file sets keys of `experiment`; expected keys of the config. "
                "Begin the file with # @package _global_"
            ],
        ),
        (
            "# @package _global_\nseed: x\ninput: {samples: many, features: [1]}\n",
            [
                "input.samples: found 'many'; expected an integer",
                "input.features: found [1]; expected an integer",
                "seed: found 'x'; expected an integer",
            ],
        ),
        (
            "# @package _global_\ndefaults:\n  - override /optimizer: lyon\n",
            [
                "optimizer: 'lyon' is not a choice; expected one of adadelta, adagrad, adam, "
                "adamw, momentum, nesterov, rmsprop, sgd. It is in a file's defaults list."
            ],
        ),
        (
            "# @package _global_\nsede: 3\n",
            [
                "sede: unknown key; expected one of architecture, dtype, engine, input, optimizer, "
                "output, pipeline, seed, test, training, validation. Did you mean 'seed'?"
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_file_of_ones_own_is_said(tmp_path, text, lines):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/mine.yaml").write_text(text)
    assert explained(f"hydra.searchpath=[{tmp_path}]", "experiment=mine") == lines


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--config-dir", "nowhere"], "nowhere"),
        (["--config-name", "nothing"], "nothing"),
    ],
)
def test_a_folder_or_a_file_that_is_not_there_is_named(tmp_path, flags, line):
    done = call(main, *flags, folder=tmp_path)
    assert done.returncode == 2
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


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

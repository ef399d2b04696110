"""One package with a kind of every kind: whatever a built-in can, a plugin can."""

import json
import os
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from tests.processes import NNPIPE, RUN

PLUGIN = Path(__file__).with_name("plugin")
ENTRY_POINTS = PLUGIN / "nnpipe_sample-1.0.dist-info" / "entry_points.txt"

SET = [
    "architecture=pyramid",
    "architecture.height=3",
    "architecture.base=12",
    "architecture.activation.kind=snake",
    "architecture.activation.frequency=0.5",
    "architecture.output_activation=null",
    "architecture.initializer={kind: checkers, size: 0.2, bias: zeros}",
    "input=folder",
    "input.path=data",
    "input.pattern='[ab].npy'",
    "input.normalize={kind: largest, least: 0.5}",
    "engine=sliced",
    "engine.rows=3",
    "optimizer=lion",
    "optimizer.beta2=0.98",
    "training.schedule={kind: linear_decay, last: 0.1}",
    "training.loss={kind: huber, delta: 0.5}",
    "training.epochs=2",
    "pipeline.stages=[train, {kind: evaluate, metrics: [{kind: within, tolerance: 0.25}]}, infer, "
    "{kind: note, text: done}]",
]
UNSET = [
    "architecture=pyramid",
    "architecture.activation=snake",
    "architecture.initializer=checkers",
    "input=folder",
    "input.path=data",
    "input.normalize=largest",
    "engine=sliced",
    "optimizer=lion",
    "training.schedule=linear_decay",
    "training.loss=huber",
    "training.epochs=1",
    "pipeline.stages=[train, {kind: evaluate, metrics: [within]}, infer, note]",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with data, in which runs are made with the package installed."""
    place = tmp_path_factory.mktemp("plugins")
    (place / "data").mkdir()
    rng = np.random.default_rng(0)
    for number, name in enumerate("abc"):
        np.save(place / "data" / f"{name}.npy", rng.normal(number, 1, (20, 5)))
    return place


def program(folder, *command, status=0):
    """Run a command with the package on the path; return what it printed."""
    environment = os.environ | {"PYTHONPATH": str(PLUGIN)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == status, done.stderr
    return done.stdout or done.stderr


@pytest.fixture(scope="module")
def runs(folder):
    """The run with options and the one without."""
    program(folder, *RUN, "output.name=set", *SET)
    program(folder, *RUN, "output.name=unset", *UNSET)
    return folder / "outputs"


def test_the_package_has_a_kind_of_every_kind():
    found = ConfigParser()
    found.read(ENTRY_POINTS)
    listing = (
        "import json, pkgutil, importlib, nnpipe\n"
        "from nnpipe.config.registry import Registry\n"
        "import nnpipe.pipeline.config\n"
        "for m in pkgutil.walk_packages(nnpipe.__path__, 'nnpipe.'):\n"
        "    if m.ispkg and 'report' not in m.name: importlib.import_module(m.name)\n"
        "import gc\n"
        "print(json.dumps(sorted({r.group for r in gc.get_objects() if isinstance(r, Registry)})))"
    )
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True)
    assert sorted(found.sections()) == json.loads(done.stdout), done.stderr


def test_every_option_that_is_typed_is_in_the_stored_config(runs):
    config = yaml.safe_load((runs / "set/v0001/config.yaml").read_text())
    assert config["architecture"] == {
        "kind": "pyramid",
        "inputs": 5,
        "activation": {"kind": "snake", "frequency": 0.5},
        "output_activation": {"kind": "snake", "frequency": 0.5},
        "initializer": {"kind": "checkers", "bias": {"kind": "zeros", "bias": None}, "size": 0.2},
        "base": 12,
        "height": 3,
    }
    assert config["input"]["normalize"] == {"kind": "largest", "least": 0.5}
    assert (config["input"]["path"], config["input"]["pattern"]) == ("data", "[ab].npy")
    assert (config["engine"]["kind"], config["engine"]["rows"]) == ("sliced", 3)
    assert config["optimizer"] == {
        "kind": "lion", "learning_rate": 0.0001, "beta1": 0.9, "beta2": 0.98
    }  # fmt: skip
    assert config["training"]["schedule"] == {"kind": "linear_decay", "warmup": 0.0, "last": 0.1}
    assert config["training"]["loss"] == {"kind": "huber", "delta": 0.5}
    assert config["pipeline"]["stages"] == [
        "train",
        {"kind": "evaluate", "metrics": [{"kind": "within", "tolerance": 0.25}]},
        "infer",
        {"kind": "note", "text": "done"},
    ]


def test_every_option_that_is_not_typed_is_stored_with_its_default(runs):
    config = yaml.safe_load((runs / "unset/v0001/config.yaml").read_text())
    assert config["architecture"]["activation"] == {"kind": "snake", "frequency": 1.0}
    assert config["architecture"]["initializer"]["size"] == 0.1
    assert config["input"]["pattern"] == "*.npy"
    assert config["input"]["normalize"]["least"] == 1e-6
    assert config["engine"]["rows"] == 2
    assert config["optimizer"]["beta2"] == 0.99
    assert config["training"]["schedule"]["last"] == 0.0
    assert config["training"]["loss"]["delta"] == 1.0


def test_the_metrics_of_plugins_are_among_those_of_the_run(runs):
    metrics = json.loads((runs / "set/v0001/manifest.json").read_text())["metrics"]
    assert metrics["note"] == "done by 3 outputs"
    assert 0 <= metrics["evaluation"]["within_0.25"] <= 1
    assert metrics["samples"] == 40


def test_parameters_name_the_activation_of_a_plugin_and_its_options(runs):
    with h5py.File(runs / "set/v0001/parameters.h5") as file:
        assert (file.attrs["format"], file.attrs["format_version"]) == ("nnpipe network", 2)
        layer = file["layers/hidden1"].attrs
        assert layer["activation"] == "snake"
        options = json.loads(layer["options"])
        assert options["activation"] == {"kind": "snake", "frequency": 0.5}


@pytest.mark.parametrize("name", ["set", "unset"])
def test_a_run_of_plugins_is_repeated_to_the_bit(folder, runs, name):
    assert "identical" in program(folder, *NNPIPE, "runs", "rerun", f"{name}/1")


def test_a_run_of_plugins_has_a_report_is_verified_and_shown(folder, runs):
    program(folder, *NNPIPE, "report", "set/1", "--to", "page.html")
    assert "snake" in (folder / "page.html").read_text()
    assert "sound" in program(folder, *NNPIPE, "runs", "verify", "set/1")
    assert "lion" in program(folder, *NNPIPE, "runs", "show", "set/1")


def test_a_plugin_network_is_used_again(folder, runs):
    program(
        folder, *RUN, "output.name=again", "architecture=from_run",
        f"architecture.run={runs / 'set/v0001'}", "input=folder", "input.path=data",
        "input.pattern='[ab].npy'", "input.normalize=from_run",
    )  # fmt: skip
    with (
        h5py.File(runs / "set/v0001/results.h5") as a,
        h5py.File(runs / "again/v0001/results.h5") as b,
    ):
        np.testing.assert_allclose(a["outputs"], b["outputs"], rtol=1e-5, atol=1e-6)


def test_a_sweep_goes_over_plugins_and_their_options(folder):
    typed = [text for text in UNSET if not text.startswith("optimizer")]
    shown = program(
        folder, *RUN, "-m", "output.name=sweep", *typed, "optimizer=lion,adam",
        "architecture.base=12,16",
    )  # fmt: skip
    assert "4: 4 complete" in shown


def test_layers_and_distributions_of_plugins_are_chosen_in_stacks_and_random_inputs(folder):
    (folder / "noisy.yaml").write_text(
        "architecture:\n  kind: stack\n  layers:\n    extra: {kind: noise, std: 0.5}\n"
        "    output: {neurons: 3}\n"
        "input: {samples: 10, features: 3, distribution: {kind: triangular, peak: 0.9}}\n"
        "defaults: [config, _self_]\noutput: {name: stack}\n"
    )
    program(folder, *RUN, "--config-dir", ".", "--config-name", "noisy")
    config = yaml.safe_load((folder / "outputs/stack/v0001/config.yaml").read_text())
    assert config["architecture"]["layers"]["extra"] == {"kind": "noise", "std": 0.5}
    assert config["input"]["distribution"] == {"kind": "triangular", "peak": 0.9}
    assert "identical" in program(folder, *NNPIPE, "runs", "rerun", "stack/1")


DEEP = """
defaults:
- config
- override /input: folder
- override /pipeline: train
- _self_
architecture:
  kind: stack
  layers:
    widest: {kind: maxout, units: 6, pieces: 3}
    block:
      kind: residual
      layers:
        norm: layer_norm
        drop: {kind: dropout, rate: 0.1}
        most: {kind: maxout, units: 6}
    last: {kind: maxout, units: 3}
input: {path: data, normalize: none}
training: {epochs: 2, batch_size: 8, l2: 0.01}
output: {activations: [all]}
"""


def test_a_layer_of_a_plugin_is_trained_stored_used_and_shown_like_a_built_in(folder):
    (folder / "deep.yaml").write_text(DEEP)
    command = (*RUN, "--config-dir", ".", "--config-name", "deep")
    shown = program(folder, *command, "output.name=deep")
    line = next(text for text in shown.splitlines() if text.startswith("widest"))
    assert line.split()[1] == "maxout"
    assert line.split()[-1] == "108"
    stored = folder / "outputs/deep/v0001/parameters.h5"
    with h5py.File(stored) as file, h5py.File(stored.with_name("results.h5")) as results:
        assert (file.attrs["format"], file.attrs["format_version"]) == ("nnpipe network", 2)
        assert json.loads(file["layers/widest"].attrs["options"]) == {"units": 6, "pieces": 3}
        assert json.loads(file["layers/block"].attrs["options"]) == {
            "layers": {"norm": "layer_norm", "most": {"kind": "maxout", "units": 6, "pieces": 2}}
        }
        weight, bias = (file[f"layers/widest/{name}"][()] for name in ("weight", "bias"))
        x = np.concatenate([np.load(folder / "data" / f"{name}.npy") for name in "abc"])
        expected = (np.einsum("jui,ni->jnu", weight, x) + bias[:, None]).max(axis=0)
        np.testing.assert_allclose(results["activations/widest"], expected, rtol=1e-5, atol=1e-6)
    assert "identical" in program(folder, *NNPIPE, "runs", "rerun", "deep/1")
    assert "sound" in program(folder, *NNPIPE, "runs", "verify", "deep/1")
    assert "maxout" in program(folder, *NNPIPE, "runs", "show", "deep/1")
    assert "maxout" in (folder / "outputs/deep/v0001/report.html").read_text()
    again = program(
        folder, *RUN, "architecture=from_run", "architecture.run=outputs/deep/v0001",
        "input=folder", "input.path=data", "output.name=used",
    )  # fmt: skip
    assert "maxout" in again
    shown = program(folder, *command, "output.name=longer", "training.epochs=3",
                    "training.resume=outputs/deep/v0001")  # fmt: skip
    assert "epoch 3/3" in shown
    differ = program(folder, *NNPIPE, "runs", "diff", "deep/1", "longer/1", status=1)
    assert "widest.weight" in differ
    assert "block.most.bias" in differ


def test_layers_of_plugins_pass_the_tests_of_every_kind(folder):
    tests = Path(__file__).parent / "network/layers/test_layers.py"
    options = ("-n", "0", "-p", "no:cacheprovider", "-q", "-k", "maxout or noise")
    environment = os.environ | {"PYTHONPATH": str(PLUGIN)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tests)],
        cwd=tests.parents[3], env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.split(" passed")[0].split()[-1]) >= 10


def test_the_layer_of_contributing_is_that_of_the_plugin():
    text = Path(__file__).parents[1].joinpath("CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text.split("## Add a layer")[1].split("```python\n")[1].split("```")[0]
    assert block == (PLUGIN / "nnpipe_sample/maxout.py").read_text(encoding="utf-8")


def test_what_is_wrong_with_options_of_plugins_is_said_at_once(folder):
    refused = program(
        folder, *RUN, "optimizer=lion", "optimizer.beta2=1", "optimizer.betta1=0.5",
        "architecture.activation={kind: snake, frequency: 0}", "input=folder",
        status=2,
    )  # fmt: skip
    assert refused.splitlines() == [
        "architecture.activation.frequency: found 0.0; expected more than 0",
        "input.path: missing; set it",
        "optimizer.beta2: found 1.0; expected 0 or greater, below 1",
        "optimizer.betta1: unknown key for the kind 'lion'; expected one of beta1, beta2, "
        "learning_rate. Did you mean 'beta1'?",
    ]


CHANGED = """
import os, nnpipe, pytest, nnpipe_sample.note
object.__setattr__(
    nnpipe_sample.note.note, "make", lambda options: lambda context: os.utime("data/a.npy", (1, 1))
)
config = {
    "input": {"kind": "folder", "path": "data"},
    "architecture": {"sizes": [3]},
    "pipeline": {"stages": ["note", "infer"]},
    "output": {"name": "watched"},
}
with pytest.raises(nnpipe.RunFailed, match="input.path: .* has changed"):
    nnpipe.run(config)
"""


def test_a_folder_that_a_plugin_reads_is_watched_while_the_run_goes_on(folder):
    program(folder, sys.executable, "-c", CHANGED)


def test_the_kind_of_the_readme_works_as_it_stands_there(tmp_path):
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("## Add a kind")
    source, entry = (
        section.split(f"```{kind}\n")[1].split("```")[0] for kind in ("python", "toml")
    )
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage/__init__.py").write_text("")
    (tmp_path / "mypackage/power.py").write_text(source)
    info = tmp_path / "mypackage-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mypackage\nVersion: 1\n")
    group, name = entry.splitlines()
    group = group.removeprefix("[project.entry-points.").strip('"]')
    (info / "entry_points.txt").write_text(f"[{group}]\n{name.replace(chr(34), '')}\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    typed = ["architecture.activation={kind: power, exponent: 2}", "architecture.sizes=[3]"]
    subprocess.run([*RUN, *typed], cwd=tmp_path, env=environment, check=True, capture_output=True)
    config = yaml.safe_load((tmp_path / "outputs/default/latest/config.yaml").read_text())
    assert config["architecture"]["activation"] == {"kind": "power", "exponent": 2}
    with h5py.File(tmp_path / "outputs/default/latest/results.h5") as file:
        assert (file["outputs"][:] >= 0).all()

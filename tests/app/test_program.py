"""The program as a user asks for it: ``python scripts/run.py`` in a folder of their own.

Modules: app/main.py, app/modules.py, app/progress.py.
"""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import nnpipe
from scripts.prepare import main as prepare
from tests.conftest import ROOT
from tests.processes import call

ACTIVATIONS = (
    "elu, gelu, hard_sigmoid, leaky_relu, linear, mish, relu, selu, sigmoid, silu, softmax, "
    "softplus, tanh"
)


def small(*overrides):
    return ("input.samples=20", "input.features=6", "architecture.sizes=[4,3]", *overrides)


def test_without_arguments_it_runs_the_article_example(program, tmp_path):
    done = program()
    assert (done.returncode, done.stderr) == (0, "")
    run = nnpipe.open_run(tmp_path / "outputs" / "default" / "latest")
    shapes = [layer.parameters.shape for layer in run.network.layers]
    assert shapes == [(100, 785), (50, 101), (10, 51), (5, 11)]
    assert ((run.outputs[()] > 0) & (run.outputs[()] < 1)).all()
    lines = done.stdout.splitlines()
    assert lines[6].split()[:2] == ["total", "84,115"]
    assert lines[-1] == "run      outputs/default/v0001"
    assert sorted(path.name for path in run.path.iterdir()) == [
        "config.yaml",
        "manifest.json",
        "overrides.yaml",
        "parameters.h5",
        "report.html",
        "results.h5",
        "ro-crate-metadata.json",
        "run.log",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outputs"]


def test_the_console_command_does_the_same(tmp_path):
    command = [str(Path(sys.executable).with_name("nnpipe")), "run", *small()]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    assert nnpipe.open_run(tmp_path / "outputs" / "default" / "v0001").outputs.shape == (20, 3)


def test_help_is_written_for_this_program(program, tmp_path):
    done = program("--help")
    assert done.returncode == 0
    texts = ("architecture  mlp (sizes or hidden)", "== Examples ==", "outputs/<output.name>/v0001")
    for text in texts:
        assert text in done.stdout
    assert done.stdout.count("\npython scripts/run.py") >= 5
    words = set(re.findall(r"\w+", done.stdout))
    for group in ("architecture", "experiment"):
        assert {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")} <= words
    assert list(tmp_path.iterdir()) == []


def test_a_layer_can_be_added_to_a_stack(program, tmp_path):
    program(*small()[:2], "architecture=stack", "+architecture.layers.extra={neurons: 3}")
    network = nnpipe.open_run(tmp_path / "outputs" / "default" / "v0001").network
    assert [layer.name for layer in network.layers] == ["hidden1", "hidden2", "output", "extra"]
    assert network.outputs == 3


@pytest.fixture
def files(tmp_path):
    """Files that a bad request may name."""
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.zeros((5, 4))
        file["y"] = np.zeros(5, np.uint8)
        file["text"] = ["a", "b"]
    (tmp_path / "file").touch()
    (tmp_path / "not.h5").write_text("no")


HDF5 = ("input=hdf5", "input.path=data.h5")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("overrides", "lines"),
    [
        (
            ["architecture.sizs=[3]"],
            [
                "architecture.sizs: unknown key for the kind 'mlp'; expected one of activation, "
                "hidden, initializer, inputs, output_activation, sizes. Did you mean 'sizes'?"
            ],
        ),
        (["seed=abc"], ["seed: found 'abc'; expected an integer"]),
        (["seed=0:3"], ["seed: found '0:3'; expected an integer"]),
        (
            ["architecture=mpl"],
            [
                "architecture: 'mpl' is not a choice; expected one of batch_norm, dropout, "
                "from_run, mlp, residual, stack, uniform. Did you mean 'mlp'?"
            ],
        ),
        (
            ["architecture.activation=sigmiod", "input.samples=0"],
            [
                f"architecture.activation: 'sigmiod' is not an activation; expected one of "
                f"{ACTIVATIONS}. Did you mean 'sigmoid'?",
                "input.samples: found 0; expected 1 to 9007199254740992",
            ],
        ),
        (
            ["seed=x", "architecture.sizes=[a]", "bogus=1", "engine.batch_size=0"],
            [
                "bogus: unknown key; expected one of architecture, dtype, engine, input, "
                "optimizer, output, pipeline, seed, test, training, validation.",
                "architecture.sizes[0]: found 'a'; expected an integer",
                "engine.batch_size: found 0; expected 1 or greater",
                "seed: found 'x'; expected an integer",
            ],
        ),
        (
            ["architecture=stack", "+architecture.layers.extra={neuron: 3}"],
            [
                "architecture.layers.extra.neuron: unknown key for the kind 'dense'; expected one "
                "of activation, initializer, neurons. Did you mean 'neurons'?",
                "architecture.layers.extra.neurons: missing; set it",
            ],
        ),
        (["input=hdf5"], ["input.path: missing; set it"]),
        (
            ["input=hdf5", "input.path=none.h5"],
            ["input.path: none.h5 does not exist; expected a file. Relative paths start in {cwd}."],
        ),
        (
            [*HDF5, "input.dataset=/z"],
            [
                "input.dataset: '/z' is not in data.h5; it holds /text (2,) text, /x (5, 4) "
                "float64, /y (5,) uint8. Set input.dataset to one of these."
            ],
        ),
        (
            [*HDF5, "input.dataset=/x", "architecture.inputs=3"],
            [
                "architecture.inputs: found 3; expected 4, the number of features in "
                "{cwd}/data.h5. Set it to 4 or to null."
            ],
        ),
        (
            ["output.root=file"],
            [
                "output.root: 'file/default' cannot hold a run; found Not a directory; expected "
                "a writable folder. Set output.root to one."
            ],
        ),
        (
            ["architecture=from_run", "architecture.run=none"],
            ["architecture.run: none: not a folder; expected a run, such as outputs/default/v0001"],
        ),
    ],
)
def test_a_bad_request_is_one_line_a_problem_and_leaves_nothing(
    program, tmp_path, overrides, lines
):
    before = sorted(tmp_path.iterdir())
    done = program(*overrides)
    assert done.stderr.splitlines() == [line.format(cwd=tmp_path) for line in lines]
    assert (done.returncode, done.stdout) == (2, "")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", ["not.h5", "data.h5"])
def test_a_file_that_is_no_hdf5_and_a_text_dataset_are_one_line_each(program, tmp_path, name):
    done = program("input=hdf5", f"input.path={name}", "input.dataset=/text")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(("input.path: ", "input.dataset: "))
    assert not (tmp_path / "outputs").exists()


def test_corrupted_parameters_are_refused_by_name(program, tmp_path):
    program(*small())
    path = tmp_path / "outputs" / "default" / "v0001" / "parameters.h5"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = program(*small()[:2], "architecture=from_run", "architecture.run=outputs/default/v0001")
    assert done.returncode == 2
    assert done.stderr == (
        f"architecture.run: {path}: altered; its SHA-256 is not the one in the manifest\n"
    )
    assert not (tmp_path / "outputs" / "default" / "v0002").exists()


def test_a_traceback_is_shown_only_when_it_is_asked_for(program):
    assert "Traceback" not in program("seed=x").stderr
    assert "Traceback" in program("seed=x", HYDRA_FULL_ERROR="1").stderr


def test_real_mnist_images_give_the_same_bits_through_idx_and_hdf5(program, tmp_path, mnist):
    done = call(prepare, "mnist", "--from", str(mnist), "--to", "mnist.h5", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    images, labels = (mnist / f"t10k-{name}-ubyte.gz" for name in ("images-idx3", "labels-idx1"))
    options = ("input.normalize=scale", "architecture.sizes=[20,10]")
    idx = ("input=idx", f"input.path={images}", f"input.labels={labels}")
    hdf5 = ("input=hdf5", "input.path=mnist.h5", "input.dataset=/x", "input.labels=/y")
    assert program(*idx, *options).returncode == 0
    assert program(*hdf5, *options).returncode == 0
    first, second = (
        nnpipe.open_run(tmp_path / "outputs" / "default" / name) for name in ("v0001", "v0002")
    )
    assert first.outputs.shape == (10_000, 10)
    assert first.manifest.artifacts["results.h5"] == second.manifest.artifacts["results.h5"]
    assert first.manifest.metrics["accuracy"] == second.manifest.metrics["accuracy"]


def _endless_idx(path: Path) -> None:
    """A gzip file whose decompression takes long: many samples of zeros."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(struct.pack(">BBBBII", 0, 0, 8, 2, 400_000, 784))
        for _ in range(400):
            file.write(bytes(784_000))


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_a_run_that_then_says_so(tmp_path, number, status, word):
    _endless_idx(tmp_path / "x.idx")
    command = [
        *(sys.executable, str(ROOT / "scripts" / "run.py")),
        *("input=idx", "input.path=x.idx", "architecture.sizes=[500,500]"),
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("total"):
            break
    process.send_signal(number)
    _, complaint = process.communicate(timeout=20)
    assert (process.returncode, complaint) == (status, f"{word}\n")
    folder = tmp_path / "outputs" / "default" / "v0001"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "interrupted"
    assert not (folder / "results.h5").exists()
    assert not [path for path in folder.iterdir() if path.name.endswith(".part")]


def test_a_bar_is_drawn_on_a_terminal(tmp_path):
    leader, follower = pty.openpty()
    command = [sys.executable, str(ROOT / "scripts" / "run.py"), *small()]
    done = subprocess.run(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower, timeout=60, check=True
    )
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert "infer" in shown
    assert "20/20" in shown
    assert b"samples" in done.stdout

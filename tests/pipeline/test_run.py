"""The whole pipeline as a library: nnpipe.run, nnpipe.build, nnpipe.open_run."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict

import h5py
import numpy as np
import pytest
import xarray
import yaml

import nnpipe
from nnpipe.errors import ConfigError, RunError, RunFailed
from nnpipe.pipeline.rerun import rerun
from nnpipe.runs.inspect.verification import verify_run
from nnpipe.runs.store.manifest import measure
from tests.engines.test_engines import BOUNDS, oracle


@pytest.fixture
def output(tmp_path):
    return {"root": tmp_path / "outputs"}


def random_input(samples=50, features=8):
    return {"kind": "random", "samples": samples, "features": features}


def test_the_article_example_gives_its_shapes_and_numbers_between_0_and_1(output):
    run = nnpipe.run({"output": output, "input": random_input(1, 784)})
    shapes = [layer.parameters.shape for layer in run.network.layers]
    assert shapes == [(100, 785), (50, 101), (10, 51), (5, 11)]
    assert run.outputs.shape == (1, 5)
    assert ((run.outputs[()] > 0) & (run.outputs[()] < 1)).all()
    assert run.manifest.status == "complete"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_are_those_of_the_formula_from_the_saved_parameters(output, dtype, tmp_path):
    x = np.random.default_rng(0).standard_normal((500, 20))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = x
    run = nnpipe.run(
        {
            "output": output,
            "dtype": dtype,
            "architecture": {"sizes": [40, 10]},
            "input": {"kind": "hdf5", "path": tmp_path / "x.h5"},
        }
    )
    # As a stranger would: h5py and the article's recursion alone.
    o = np.asarray(x, dtype).astype(np.float64).T
    with h5py.File(run.path / "parameters.h5") as file:
        layers = sorted(file["layers"].values(), key=lambda layer: layer.attrs["order"])
        for layer in layers:
            p = layer["parameters"][()].astype(np.float64)
            assert layer.attrs["activation"] == "sigmoid"
            o = 1 / (1 + np.exp(-(p @ np.vstack([o, np.ones(o.shape[1])]))))
    with h5py.File(run.path / "results.h5") as file:
        np.testing.assert_allclose(file["outputs"][()].T, o, rtol=0, atol=BOUNDS[dtype])


def test_a_repeated_run_leaves_the_same_bytes(output):
    first, second = (nnpipe.run({"output": output, "input": random_input()}) for _ in range(2))
    assert first.path != second.path
    for name in ("results.h5", "parameters.h5"):
        assert first.manifest.artifacts[name] == second.manifest.artifacts[name]


@pytest.mark.parametrize("batch_size", [1, 7, 50, 1000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_batch_size_changes_no_bit(output, dtype, batch_size):
    def outputs(size):
        config = {
            "output": output,
            "dtype": dtype,
            "input": random_input(samples=2500),
            "engine": {"batch_size": size},
            "architecture": {"sizes": [30, 5]},
        }
        return nnpipe.run(config).outputs[()]

    assert outputs(batch_size).tobytes() == outputs(None).tobytes()


@pytest.mark.parametrize("tile", [1, 100, 4096])
def test_another_tile_gives_the_same_numbers(output, tile):
    config = {"output": output, "input": random_input(samples=2500), "dtype": "float64"}
    usual = nnpipe.run(config).outputs[()]
    other = nnpipe.run(config | {"engine": {"tile": tile}}).outputs[()]
    np.testing.assert_allclose(other, usual, rtol=0, atol=1e-13)


def test_what_was_asked_for_is_stored_and_named_for_xarray(output):
    run = nnpipe.run(
        {
            "output": output | {"activations": ["all"], "predictions": True},
            "architecture": {"sizes": [6, 4]},
            "input": random_input(),
        }
    )
    with xarray.open_dataset(run.path / "results.h5", engine="h5netcdf") as data:
        assert data["outputs"].dims == ("sample", "neuron")
        assert data["predictions"].dims == ("sample",)
        outputs, predictions = data["outputs"].values, data["predictions"].values
        assert data["sample"].values.tolist() == list(range(50))
    with xarray.open_dataset(
        run.path / "results.h5", engine="h5netcdf", group="activations"
    ) as data:
        assert data["hidden1"].dims == ("sample", "hidden1_neuron")
        hidden = data["hidden1"].values
        np.testing.assert_array_equal(data["output"].values, outputs)
    np.testing.assert_array_equal(predictions, outputs.argmax(axis=1))
    np.testing.assert_allclose(run.network.layers[1](hidden), outputs, rtol=0, atol=2e-6)


def test_compressed_results_hold_the_same_numbers(output):
    config = {"input": random_input(), "architecture": {"sizes": [6, 4]}}
    more = {"predictions": True, "activations": ["all"], "compression": "gzip"}
    plain = nnpipe.run(config | {"output": output})
    packed = nnpipe.run(config | {"output": output | more})
    with h5py.File(packed.path / "results.h5") as file:
        for name in ("outputs", "predictions", "activations/hidden1"):
            assert (file[name].compression, file[name].fletcher32) == ("gzip", True)
        np.testing.assert_array_equal(file["outputs"][()], plain.outputs[()])
    assert packed.config["output"]["compression"] == "gzip"
    assert verify_run(packed.path) == []


def test_stored_parameters_over_the_same_input_give_the_same_bits(output):
    first = nnpipe.run({"output": output, "input": random_input(), "seed": 5, "dtype": "float64"})
    second = nnpipe.run(
        {
            "output": output,
            "input": random_input(),
            "seed": 5,
            "architecture": {"kind": "from_run", "run": first.path},
        }
    )
    assert second.manifest.source_run == str(first.path)
    assert second.manifest.dtype == "float64"
    for name in ("results.h5", "parameters.h5"):
        assert first.manifest.artifacts[name] == second.manifest.artifacts[name]


def test_stored_statistics_normalize_new_input(output, tmp_path):
    x = np.random.default_rng(1).normal(5, 3, (200, 4))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["old"], file["new"] = x, x[:3]
    source = {"kind": "hdf5", "path": tmp_path / "x.h5"}
    first = nnpipe.run(
        {
            "output": output,
            "input": source | {"dataset": "/old", "normalize": "standardize"},
            "architecture": {"sizes": [3]},
        }
    )
    second = nnpipe.run(
        {
            "output": output,
            "input": source | {"dataset": "/new", "normalize": "from_run"},
            "architecture": {"kind": "from_run", "run": first.path},
        }
    )
    np.testing.assert_allclose(second.outputs[()], first.outputs[:3], rtol=0, atol=2e-6)
    np.testing.assert_allclose(first.normalization.offset, x.mean(axis=0), rtol=1e-12)
    # Running on from the second run must not lose them.
    np.testing.assert_array_equal(second.normalization.factor, first.normalization.factor)


def test_labels_give_accuracy_cross_entropy_and_a_confusion_matrix(output, tmp_path):
    rng = np.random.default_rng(2)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"], file["y"] = rng.standard_normal((300, 6)), rng.integers(0, 3, 300)
        labels = file["y"][()]
    run = nnpipe.run(
        {
            "output": output,
            "input": {"kind": "hdf5", "path": tmp_path / "x.h5", "labels": "/y"},
            "architecture": {"sizes": [8, 3], "output_activation": "softmax"},
        }
    )
    p = run.outputs[()].astype(np.float64)
    metrics = run.manifest.metrics
    assert metrics["accuracy"] == np.mean(p.argmax(axis=1) == labels)
    expected = -np.log(p[np.arange(300), labels]).mean()
    np.testing.assert_allclose(metrics["cross_entropy"], expected, rtol=1e-6)
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (labels, p.argmax(axis=1)), 1)
    assert metrics["confusion_matrix"] == confusion.tolist()
    with h5py.File(run.path / "results.h5") as file:
        np.testing.assert_array_equal(file["confusion_matrix"][()], confusion)


def test_values_that_are_not_finite_are_counted_and_the_first_row_is_named(output, tmp_path):
    x = np.ones((20, 3))
    x[7, 1], x[12, 0] = np.nan, np.inf
    np.save(tmp_path / "x.npy", x)
    config = {"output": output, "input": {"kind": "npy", "path": tmp_path / "x.npy"}}
    metrics = nnpipe.run(config).manifest.metrics
    assert (metrics["nonfinite_inputs"], metrics["first_nonfinite_row"]) == (2, 7)


def test_a_run_that_fails_says_so_and_leaves_no_results(output, tmp_path):
    x = np.ones((20, 3))
    x[7, 1] = np.nan
    np.save(tmp_path / "x.npy", x)
    source = {"kind": "npy", "path": tmp_path / "x.npy", "on_nonfinite": "error"}
    with pytest.raises(RunFailed, match=r"row 7, feature 1") as caught:
        nnpipe.run({"output": output, "input": source})
    folder = caught.value.path
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["config.yaml", "manifest.json", "overrides.yaml", "run.log"]
    assert "Traceback" in (folder / "run.log").read_text()
    assert not (folder.parent / "latest").exists()
    with pytest.raises(RunError, match="the run is failed, not complete"):
        nnpipe.open_run(folder)


def test_an_interrupt_leaves_a_run_that_says_so(output, monkeypatch):
    class Interrupting:
        def begin(self, title, samples): ...
        def end(self): ...
        def advance(self, samples):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nnpipe.run({"output": output, "input": random_input()}, progress=Interrupting())
    folder = output["root"] / "default" / "v0001"
    assert not (folder / "results.h5").exists()
    assert '"status": "interrupted"' in (folder / "manifest.json").read_text()


@pytest.mark.parametrize("name", ["parameters.h5", "results.h5", "config.yaml"])
def test_an_altered_artifact_is_refused(output, name):
    run = nnpipe.run({"output": output, "input": random_input()})
    path = run.path / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError) as caught:
        nnpipe.open_run(run.path)
    assert str(caught.value) == f"{path}: altered; its SHA-256 is not the one in the manifest"


def test_a_run_can_be_moved_and_opened_elsewhere(output, tmp_path):
    run = nnpipe.run({"output": output, "input": random_input(), "architecture": {"sizes": [4]}})
    outputs = run.outputs[()]
    run.close()
    shutil.move(run.path, tmp_path / "moved")
    with nnpipe.open_run(tmp_path / "moved") as moved:
        np.testing.assert_array_equal(moved.outputs[()], outputs)
        assert moved.config["architecture"]["sizes"] == [4]


def test_the_config_that_was_kept_runs_again(output):
    first = nnpipe.run({"output": output, "input": random_input(), "seed": 9})
    kept = yaml.safe_load((first.path / "config.yaml").read_text())
    again = nnpipe.run(kept)
    assert again.manifest.artifacts["results.h5"] == first.manifest.artifacts["results.h5"]


def test_a_run_of_an_earlier_version_opens_and_runs_again(output):
    first = nnpipe.run({"output": {**output, "figure": "outputs.std"}, "input": random_input()})
    assert first.config["output"]["metric"] == "outputs.std"
    assert first.metrics is first.manifest.metrics
    # As an earlier version wrote it.
    path = first.path / "config.yaml"
    path.write_text(path.read_text().replace("  metric: ", "  figure: "))
    manifest = json.loads((first.path / "manifest.json").read_text())
    manifest["artifacts"]["config.yaml"] = asdict(measure(path))
    manifest |= {"schema_version": 1, "figures": manifest.pop("metrics")}
    (first.path / "manifest.json").write_text(json.dumps(manifest))
    before = nnpipe.open_run(first.path)
    assert (before.manifest.schema_version, before.metrics) == (1, first.metrics)
    assert before.config == first.config
    again, difference = rerun(first.path)
    assert difference.nothing
    assert (again.manifest.schema_version, again.metrics) == (2, first.metrics)


def test_every_problem_is_reported_at_once_and_nothing_is_made(output):
    with pytest.raises(ConfigError) as caught:
        nnpipe.run(
            {
                "output": output,
                "seed": "one",
                "architecture": {"sizes": [0], "activation": "sigmiod"},
                "inptu": {},
            }
        )
    names = "elu, gelu, hard_sigmoid, leaky_relu, linear, mish, relu, selu, sigmoid, silu, softmax"
    assert sorted(caught.value.problems) == [
        f"architecture.activation: 'sigmiod' is not an activation; expected one of {names}, "
        "softplus, tanh. Did you mean 'sigmoid'?",
        "architecture.sizes[0]: found 0; expected 1 or greater",
        "inptu: unknown key; expected one of architecture, dtype, engine, input, optimizer, "
        "output, pipeline, seed, test, training, validation. Did you mean 'input'?",
        "seed: found 'one'; expected an integer",
    ]
    assert not os.path.exists(output["root"])


def test_a_width_that_is_not_the_inputs_names_both(output):
    config = {"output": output, "input": random_input(), "architecture": {"inputs": 100}}
    with pytest.raises(ConfigError) as caught:
        nnpipe.run(config)
    assert str(caught.value) == (
        "architecture.inputs: found 100; expected 8, the number of features in the input. "
        "Set it to 8 or to null."
    )


def test_a_network_larger_than_memory_is_refused_before_anything_is_allocated(output):
    with pytest.raises(ConfigError, match=r"^architecture: its parameters need 33,527.6 GiB; "):
        nnpipe.run({"output": output, "input": random_input(), "architecture": {"sizes": [10**12]}})


def test_a_built_network_is_the_formula(output):
    network = nnpipe.build({"inputs": 12, "sizes": [20, 3]}, seed=4, dtype="float64")
    x = np.random.default_rng(0).standard_normal((9, 12))
    np.testing.assert_allclose(network(x), oracle(network, x), rtol=0, atol=1e-13)


def test_a_built_network_is_the_one_that_a_run_with_the_seed_uses(output):
    network = nnpipe.build({"inputs": 8, "sizes": [20, 3]}, seed=4)
    run = nnpipe.run(
        {
            "output": output,
            "seed": 4,
            "architecture": {"sizes": [20, 3]},
            "input": random_input(),
        }
    )
    for built, stored in zip(network.layers, run.network.layers, strict=True):
        np.testing.assert_array_equal(built.parameters, stored.parameters)

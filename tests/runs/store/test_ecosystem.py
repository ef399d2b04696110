"""Programs that do not know nnpipe read the HDF5 files of a run: results.py, axes.py."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pytest

import nnpipe

xarray = pytest.importorskip("xarray")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A run with everything that a run can hold; its samples are rows 1, 3, 5, ... of a file."""
    folder = tmp_path_factory.mktemp("ecosystem")
    generator = np.random.default_rng(0)
    with h5py.File(folder / "digits.h5", "w") as file:
        file["x"] = generator.integers(0, 255, (21, 6), np.uint8)
        file["y"] = generator.integers(0, 3, 21, np.uint8)
    given = {
        "architecture": {"sizes": [4, 3]},
        "input": {
            "kind": "hdf5",
            "path": str(folder / "digits.h5"),
            "dataset": "/x",
            "labels": "/y",
            "rows": {"start": 1, "step": 2},
            "normalize": "standardize",
        },
        "output": {"root": str(folder), "activations": ["all"], "predictions": True},
    }
    with nnpipe.run(given) as run:
        yield run


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_names_the_dimensions_of_results(run: Any, engine: str) -> None:
    pytest.importorskip("netCDF4" if engine == "netcdf4" else "h5netcdf", reason="not installed")
    with xarray.open_dataset(run.path / "results.h5", engine=engine) as found:
        assert dict(found.sizes) == {
            "sample": 10, "neuron": 3, "label": 3, "predicted": 3
        }  # fmt: skip
        assert found.outputs.dims == ("sample", "neuron")
        assert found.predictions.dims == ("sample",)
        assert found.confusion_matrix.dims == ("label", "predicted")
        assert found.sample.to_numpy().tolist() == list(range(1, 21, 2))
        np.testing.assert_array_equal(found.outputs.sel(sample=3), run.outputs[1])
        assert found.outputs.attrs["units"] == "1"
        assert found.outputs.attrs["long_name"] == "Outputs"
        assert int(found.confusion_matrix.sum()) == 10


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_names_the_dimensions_of_activations(run: Any, engine: str) -> None:
    pytest.importorskip("netCDF4" if engine == "netcdf4" else "h5netcdf", reason="not installed")
    with xarray.open_datatree(run.path / "results.h5", engine=engine) as tree:
        found = tree["activations"].to_dataset()
        assert found.hidden1.dims == ("sample", "hidden1_neuron")
        assert found.hidden1.shape == (10, 4)
        np.testing.assert_array_equal(found.output, run.outputs)


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_names_the_dimensions_of_parameters(run: Any, engine: str) -> None:
    pytest.importorskip("netCDF4" if engine == "netcdf4" else "h5netcdf", reason="not installed")
    path = run.path / "parameters.h5"
    with xarray.open_dataset(path, group="layers/hidden1", engine=engine) as found:
        assert found.parameters.dims == ("neuron", "input")
        np.testing.assert_array_equal(found.parameters, run.network.layers[0].parameters)
        assert found.attrs["activation"] == "sigmoid"
    with xarray.open_dataset(path, group="normalization", engine=engine) as found:
        assert found.offset.dims == ("feature",)
        assert found.factor.sizes == {"feature": 6}


def every_object(file: Any) -> Iterator[Any]:
    found = [file]
    file.visititems(lambda _, entry: found.append(entry))
    yield from found


@pytest.mark.parametrize("name", ["parameters.h5", "results.h5"])
def test_text_attributes_are_utf8_and_every_dataset_says_what_it_holds(run: Any, name: str) -> None:
    # Those of dimension scales are written by the HDF5 library itself, as its specification has it.
    by_the_library = {"CLASS", "NAME"}
    with h5py.File(run.path / name) as file:
        for entry in every_object(file):
            for key in set(entry.attrs) - by_the_library:
                kind = entry.attrs.get_id(key).dtype
                text = h5py.check_string_dtype(kind)
                assert text is None or text.encoding == "utf-8", (entry.name, key)
            if isinstance(entry, h5py.Dataset):
                assert {"long_name", "description", "units"} <= set(entry.attrs), entry.name


@pytest.mark.parametrize("name", ["parameters.h5", "results.h5"])
def test_viewers_find_something_to_plot(run: Any, name: str) -> None:
    """Follow the chain of defaults as the NeXus manual has it, and check each NXdata."""
    with h5py.File(run.path / name) as file:
        assert file.attrs["NX_class"] == "NXroot"
        entry = file[file.attrs["default"]]
        assert entry.attrs["NX_class"] == "NXentry"
        assert entry[entry.attrs["default"]].attrs["NX_class"] == "NXdata"
        plots = [one for one in every_object(file) if one.attrs.get("NX_class") == "NXdata"]
        assert len(plots) == (2 if name == "parameters.h5" else 5)
        for plot in plots:
            signal = plot[plot.attrs["signal"]]
            assert signal.dtype.kind in "fiu"
            assert [plot[axis].shape[0] for axis in plot.attrs["axes"]] == list(signal.shape)
            for place, axis in enumerate(plot.attrs["axes"]):
                assert plot.attrs[f"{axis}_indices"] == place


@pytest.mark.parametrize(
    ("name", "dataset", "expected"),
    [
        ("results.h5", "/outputs", 'DATASET "outputs" {'),
        ("parameters.h5", "/layers/hidden1/parameters", 'DATASET "/layers/hidden1/parameters" {'),
    ],
)
def test_h5dump_reads_what_h5py_wrote(run: Any, name: str, dataset: str, expected: str) -> None:
    h5dump = shutil.which("h5dump")
    if h5dump is None:
        pytest.skip("h5dump is not installed (Debian's package hdf5-tools)")
    path = run.path / name
    done = subprocess.run(
        [h5dump, "-y", "-w", "0", "-m", "%.9g", "-d", dataset, "-A", "0", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    block = done.stdout.split("DATA {", 1)[1].split("}", 1)[0]
    numbers = [float(number) for number in block.replace(",", " ").split()]
    with h5py.File(path) as file:
        assert numbers == pytest.approx(file[dataset][()].ravel().tolist(), rel=1e-6)

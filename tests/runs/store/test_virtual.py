"""A virtual results.h5 is read only if it consists of all the parts in the manifest."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from nnpipe.errors import DataError, RunError
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import is_part
from nnpipe.runs.store.parts import PartSink, part_name
from nnpipe.runs.store.results import ResultsWriter
from nnpipe.runs.store.virtual import find_result, open_results

SHAPE = (7, 3)
OUTPUTS = np.arange(21, dtype=np.float32).reshape(SHAPE)
CUT = {part_name(0): range(0, 4), part_name(1): range(4, 7)}
DATASET = ("outputs", SHAPE, np.float32, ("sample", "neuron"), "Outputs")


@pytest.fixture
def folder(tmp_path):
    """Write two parts, and return their folder."""
    (tmp_path / "results").mkdir()
    for name, rows in CUT.items():
        held = range(10, 17)[rows.start : rows.stop]
        with (
            Folder.open(tmp_path / "results") as results,
            ResultsWriter(results, name.rpartition("/")[2], held) as writer,
        ):
            part = PartSink(writer, rows)
            part.create(*DATASET)
            part.write("outputs", rows.start, OUTPUTS[rows.start : rows.stop])
    return tmp_path


def virtual(folder, parts=CUT):
    with (
        Folder.open(folder) as held,
        ResultsWriter(held, "results.h5", range(10, 17), parts) as writer,
    ):
        writer.create(*DATASET)
    return folder / "results.h5"


def test_a_virtual_dataset_reads_as_one_dataset_with_the_rows_numbers(folder):
    with open_results(virtual(folder), CUT) as file:
        outputs = find_result(file, "outputs")
        assert outputs.is_virtual
        np.testing.assert_array_equal(outputs[()], OUTPUTS)
        np.testing.assert_array_equal(outputs[2:6, 1], OUTPUTS[2:6, 1])
        np.testing.assert_array_equal(find_result(file, "sample")[()], range(10, 17))


def test_equal_virtual_datasets_are_equal_bytes_at_any_time(folder):
    with h5py.File(virtual(folder)) as file:
        for dataset in (file["outputs"], file["sample"]):
            assert not dataset.id.get_create_plist().get_obj_track_times()


def test_a_part_is_a_results_file_of_its_own(folder):
    with open_results(folder / part_name(1), ()) as file:
        np.testing.assert_array_equal(find_result(file, "outputs")[()], OUTPUTS[4:])
        np.testing.assert_array_equal(find_result(file, "sample")[()], [14, 15, 16])


def refused(folder, error, artifacts=CUT):
    with pytest.raises(error) as caught:
        open_results(folder / "results.h5", artifacts)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_part_that_is_missing_is_named_and_never_read_as_fill_values(folder):
    virtual(folder)
    (folder / part_name(1)).unlink()
    assert refused(folder, RunError) == "results/part-00001.h5: missing; the manifest lists it"


def test_a_part_that_the_manifest_does_not_list_is_refused(folder):
    virtual(folder)
    assert refused(folder, RunError, [part_name(0)]) == (
        "results.h5: /outputs has the source results/part-00001.h5:outputs; "
        "expected parts that the manifest lists."
    )


@pytest.mark.parametrize("name", ["other.h5", "/etc/passwd", "results/../x.h5", "."])
def test_no_other_file_can_be_a_part_whatever_the_manifest_lists(folder, name):
    virtual(folder, {**CUT, part_name(1): range(4, 6), name: range(6, 7)})
    problem = refused(folder, RunError, [*CUT, name])
    assert f"/outputs has the source {name}:outputs; expected parts" in problem


def test_rows_without_a_part_are_refused(folder):
    virtual(folder, {part_name(0): range(0, 4)})
    assert refused(folder, RunError) == "results.h5: /outputs has no part for sample 4."


def test_a_part_that_is_virtual_itself_is_refused(folder):
    virtual(folder)
    secret = folder / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["outputs"] = OUTPUTS[4:]
    with h5py.File(folder / part_name(1), "r+") as file:
        del file["outputs"]
        layout = h5py.VirtualLayout((3, 3), np.float32)
        layout[:] = h5py.VirtualSource("../secret.h5", "outputs", (3, 3))
        file.create_virtual_dataset("outputs", layout)
    assert "/outputs in part-00001.h5 is virtual" in refused(folder, DataError)


@pytest.mark.parametrize(
    "name",
    ["results/part-1.h5", "results/part-00001.h5/x", "a/part-00001.h5", "results/part-0000١.h5"],
)
def test_only_the_names_that_nnpipe_gives_are_parts(name):
    assert not is_part(name)

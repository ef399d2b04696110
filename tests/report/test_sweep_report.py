"""Pages of sweeps: jobs.py, landscape.py, sweep.py."""

from __future__ import annotations

import numpy as np
import pytest

from nnpipe.report.figures import Matrix, Parallel, Points
from nnpipe.report.jobs import Job, metric_names, swept_keys
from nnpipe.report.landscape import landscape


def jobs(swept: dict[str, list[str]], accuracy) -> list[Job]:
    """Return the jobs of a grid; accuracy gets the overrides as keywords."""
    keys = list(swept)
    grid = np.stack(np.meshgrid(*swept.values(), indexing="ij"), -1).reshape(-1, len(keys))
    found = []
    for number, values in enumerate(grid.tolist()):
        overrides = dict(zip(keys, values, strict=True)) | {"experiment": "x"}
        metrics = {"seconds": 1.0 + number, "samples": 10.0, "accuracy": accuracy(*values)}
        path = f"runs/{number:03d}"
        found.append(Job(f"{number:03d}", "complete", "", path, overrides, metrics))
    return found


def picture(found: list[Job]):
    return landscape(found, swept_keys(found), "accuracy")


def test_only_what_differs_is_swept_and_drawn():
    found = jobs({"a.width": ["1", "2"], "a.depth": ["3"]}, lambda w, d: float(w))
    assert swept_keys(found) == ["a.width"]
    assert metric_names(found) == ["accuracy", "seconds"]


def test_one_swept_number_is_a_line():
    figure = picture(jobs({"width": ["1", "20", "3"]}, lambda w: int(w) / 20))
    assert isinstance(figure, Points)
    assert figure.x.values == [1.0, 20.0, 3.0]
    assert figure.y.values == [0.05, 1.0, 0.15]


def test_seeds_beside_one_number_are_points_around_a_mean():
    figure = picture(jobs({"width": ["1", "2"], "seed": ["1", "2"]}, lambda w, s: float(s)))
    assert isinstance(figure, Points)
    assert figure.x.name == "width"
    assert len(figure.y.values) == 4


def test_two_swept_numbers_are_a_heat_map_in_their_order():
    found = jobs({"width": ["10", "9", "100"], "depth": ["2", "1"]}, lambda w, d: int(w) + int(d))
    figure = picture(found)
    assert isinstance(figure, Matrix)
    assert (figure.row_names, figure.column_names) == (["1", "2"], ["9", "10", "100"])
    np.testing.assert_array_equal(figure.values, [[10, 11, 101], [11, 12, 102]])
    assert (figure.low, figure.high) == (10, 102)


def test_the_best_is_the_strongest_where_less_is_better():
    found = jobs({"width": ["1", "2"], "depth": ["1", "2"]}, lambda w, d: 0.5)
    figure = landscape(found, swept_keys(found), "seconds")
    assert isinstance(figure, Matrix)
    assert (figure.low, figure.high) == (4, 1)


def test_a_heat_map_that_would_be_mostly_empty_is_not_drawn():
    found = jobs({"width": [str(n) for n in range(9)], "rate": ["0"]}, lambda w, r: float(w))
    found = [
        Job(j.name, j.status, "", j.path, {**j.overrides, "rate": j.name}, j.metrics) for j in found
    ]
    assert isinstance(picture(found), Parallel)


def test_three_swept_keys_are_parallel_coordinates():
    found = jobs(
        {"a.width": ["1", "2"], "b.width": ["1"] * 2, "act": ["tanh", "relu"]}, lambda *_: 0.5
    )
    found += jobs({"a.width": ["1", "2"], "b.width": ["2"], "act": ["tanh"]}, lambda *_: 0.25)
    figure = picture(found)
    assert isinstance(figure, Parallel)
    assert [axis.name for axis in figure.axes] == ["a.width", "b.width", "act", "accuracy"]
    assert [axis.numeric for axis in figure.axes] == [True, True, False, True]


@pytest.mark.parametrize("left", [0, 1])
def test_jobs_without_the_metric_are_left_out(left):
    found = jobs({"width": ["1", "2"]}, lambda w: float(w))
    failed = [Job(j.name, "failed", "no", j.path, j.overrides, {}) for j in found]
    assert picture(found[:left] + failed) is None


def test_of_very_many_jobs_some_are_drawn_and_the_title_says_so():
    widths = [str(number) for number in range(5000)]
    figure = picture(jobs({"width": widths}, lambda w: float(w)))
    assert isinstance(figure, Points)
    assert figure.title == "accuracy, 1,667 of 5,000 jobs"
    assert len(figure.hints) == len(figure.x.values) == 1667


def test_a_heat_map_of_very_many_cells_is_not_drawn():
    sizes = [str(number) for number in range(50)]
    figure = picture(jobs({"width": sizes, "depth": sizes}, lambda w, d: float(w)))
    assert isinstance(figure, Parallel)

"""Trainings and sweeps of earlier versions go on where they were.

A checkpoint of version 0.1.0 is resumed. A later version that cannot go on from one has to refuse
it by the name of its format, and a test here then says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnpipe
from tests.frozen.stored import (
    TRAINED,
    ask,
    config_of,
    folder_of,
    history,
    matrices,
    same_course,
    same_matrices,
    stored,
)


def test_a_training_that_was_stopped_goes_on_from_its_checkpoint(own: Path) -> None:
    config = config_of("training/v0001")
    config["training"]["resume"] = "outputs/stopped/v0001"
    config["output"]["name"] = "resumed"
    with nnpipe.run(config) as resumed:
        assert len(history(resumed.path)) == 5
        same_course(resumed.path, folder_of("stopped/v0001"), epochs=2, exactly=2)
        same_course(resumed.path, folder_of("training/v0001"), epochs=5, exactly=2)
        same_matrices(resumed.path, folder_of("training/v0001"), "parameters.h5", TRAINED)
    assert ask(own, "verify", "resumed/1")[0]["problems"] == []


@pytest.mark.parametrize("name", ["stopped/v0001", "stopped/v0002"])
def test_a_training_that_was_stopped_goes_on_with_its_own_config(own: Path, name: str) -> None:
    config = ask(own, "show", name)["config"]
    config["training"] |= {"epochs": 5, "resume": str(folder_of(name))}
    with nnpipe.run(config) as resumed:
        assert len(history(resumed.path)) == 5
        same_course(resumed.path, folder_of(name), epochs=2, exactly=2)


@pytest.mark.parametrize("name", ["stopped/v0001", "stopped/v0002"])
def test_the_config_of_a_stopped_training_begins_again(own: Path, name: str) -> None:
    config = ask(own, "show", name)["config"]
    with nnpipe.run(config) as again:
        assert len(history(again.path)) == config["training"]["epochs"]
        same_course(again.path, folder_of(name), epochs=2)


@pytest.mark.parametrize("name", ["training/v0001", "regression/v0001"])
def test_the_checkpoint_of_a_complete_training_is_taken_further(own: Path, name: str) -> None:
    config = config_of(name)
    done = config["training"]["epochs"]
    config["training"] |= {"epochs": done + 2, "resume": str(folder_of(name))}
    with nnpipe.run(config) as further:
        assert [row["epoch"] for row in history(further.path)] == list(range(1, done + 3))
        same_course(further.path, folder_of(name), epochs=done, exactly=done)


@pytest.mark.parametrize(
    ("section", "change", "key"),
    [
        ("optimizer", {"momentum": 0.9}, "optimizer.momentum"),
        ("training", {"l2": 0.0}, "training.l2"),
        ("training", {"schedule": {"kind": "constant"}}, "training.schedule.kind"),
    ],
)
def test_a_training_with_another_config_is_not_resumed(
    own: Path, section: str, change: dict[str, Any], key: str
) -> None:
    config = config_of("training/v0001")
    config["training"]["resume"] = "outputs/stopped/v0001"
    config[section] |= change
    with pytest.raises(nnpipe.NnpipeError, match=key):
        nnpipe.run(config)


def test_a_sweep_that_was_killed_is_resumed_where_it_was(own: Path) -> None:
    jobs = own / "outputs/cut/v0001/runs"
    complete = (jobs / "000/manifest.json").read_bytes()
    # The killed job had written its results, but no manifest.
    expected = stored(jobs / "001", "outputs", "predictions")
    parameters = matrices(jobs / "001")
    resumed = ask(own, "resume", "cut/1")["jobs"]
    assert [job["status"] for job in resumed] == ["complete"] * 3
    assert [job["architecture.layers.hidden1.activation"] for job in resumed] == [
        *("elu", "gelu", "tanh"),
    ]
    assert (jobs / "000/manifest.json").read_bytes() == complete
    for found, before in zip(matrices(jobs / "001"), parameters, strict=True):
        np.testing.assert_array_equal(found, before)
    found = stored(jobs / "001", "outputs", "predictions")
    np.testing.assert_allclose(found["outputs"], expected["outputs"], rtol=0, atol=1e-5)
    shown = ask(own, "show", "cut/1")
    assert (shown["kind"], shown["status"]) == ("sweep", "complete")
    assert ask(own, "verify", "cut/1")[0]["problems"] == []


def test_a_job_that_failed_is_resumed_with_the_run_that_it_lacked(own: Path) -> None:
    resumed = ask(own, "resume", "partial/1")["jobs"]
    assert [job["status"] for job in resumed] == ["complete", "complete"]
    assert resumed[1]["architecture.run"] == "outputs/plain/v0002"
    job = own / "outputs/partial/v0001/runs/001"
    same_matrices(job, folder_of("plain/v0002"), "parameters.h5", 0.0)
    assert ask(own, "verify", "partial/1")[0]["problems"] == []

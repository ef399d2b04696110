"""Runs of earlier versions are listed, verified, shown, compared and tidied away.

Version 0.1.0 made the runs in the folder v0.1.0, with the commands in its README.txt. They never
change. Each test works on a copy of that folder, and relative paths begin there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from nnpipe.cli.commands import runs
from nnpipe.report.command import main as report
from tests.frozen.stored import LAYERS, ask
from tests.processes import call

DIGESTS = {
    "plain/v0001": "0363dba5bddad95ab0d804e3932f751e22065ea2d8060f168a971bd4a9c736ff",
    "plain/v0002": "dec23fd36b808ce90db80e2298f17882eb1e5b24ad90f58193a3cee6f71988be",
    "used/v0001": "273c4cbecaac6e9e3136e9aea11e95af0b8534e242ff06958c3438c1f77391a4",
    "used/v0002": "8971f3a8e2ff09ca8a9fc749f0dd06faeba598686810d436f469b100f2e8176f",
    "files/v0001": "d9827363a9f5451d95cbf43c937d7e81ed9f02f082733cb67d9415dbafcc0fad",
    "files/v0002": "ac32908e5b2e2737c5a70eb1e0f7a46ef4f152aa2c217ce9c5509a6a48c08a18",
    "training/v0001": "182d37221423164c5e535c6a5e3dd7eb9c529568cbb9799bb25d89691556e7da",
    "regression/v0001": "9872032e17b6ac0c592a5c6f9caada70f75d47751dc8a31f34c5eaad3c43cdda",
    "sweep/v0001": "df88e08aea1f966fb8cfc588f9166ac98336421cef33329797b8de78e1848979",
    "sharded/v0001": "a30a11d9c84520f13b0b7f7ff9a822c7be4750447e2a3a220769c587acf87220",
    "partial/v0001/000": "1a1b464e41d9e2f41efc3605768123cf4a298f52cc1153ff3a0851650ed0e236",
    "cut/v0001/000": "e80912d3fab835ea463b4b8bba15e5925221c66b86a06afb23dbb5089998b9fe",
}
INCOMPLETE = {
    "cut/v0001": ("sweep", "killed"),
    "partial/v0001": ("sweep", "failed"),
    "failed/v0001": ("run", "failed"),
    "stopped/v0001": ("run", "interrupted"),
    "stopped/v0002": ("run", "interrupted"),
}


def test_every_run_and_sweep_is_listed_with_its_status(place: Path) -> None:
    listed = {row["run"]: (row["kind"], row["status"]) for row in ask(place, "list")}
    complete = [name for name in DIGESTS if name.count("/") == 1]
    expected = {name: ("sweep" if "sweep" in name else "run", "complete") for name in complete}
    assert listed == expected | INCOMPLETE


def test_every_complete_run_is_sound_and_no_byte_of_it_has_changed(place: Path) -> None:
    verified = ask(place, "verify", *DIGESTS)
    assert [row["problems"] for row in verified] == [[]] * len(DIGESTS)
    assert {row["run"]: row["digest"] for row in verified} == DIGESTS


@pytest.mark.parametrize("name", INCOMPLETE)
def test_what_did_not_complete_is_not_sound(place: Path, name: str) -> None:
    [row] = ask(place, "verify", name, status=1)
    assert row["problems"]


def test_one_changed_byte_of_a_checkpoint_is_found(own: Path) -> None:
    path = own / "outputs/training/v0001/checkpoint.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    [row] = ask(own, "verify", "training/latest", status=1)
    assert "checkpoint.h5" in row["problems"][0]


@pytest.mark.parametrize("name", LAYERS)
def test_a_complete_run_is_shown_with_its_layers_and_its_input(place: Path, name: str) -> None:
    samples, dtype, seed, layers = LAYERS[name]
    shown = ask(place, "show", name)
    manifest = shown["manifest"]
    assert (shown["run"], shown["kind"], shown["status"]) == (name, "run", "complete")
    assert (manifest["dtype"], manifest["seed"]) == (dtype, seed)
    assert shown["config"]["seed"] == seed
    # Version 0.1.0 calls them figures.
    assert manifest.get("metrics", manifest.get("figures"))["samples"] == samples
    found = [f"{la['activation']} {la['neurons']} {la['inputs']}" for la in manifest["network"]]
    assert ", ".join(found) == layers
    assert {"config.yaml", "parameters.h5", "results.h5"} <= set(manifest["artifacts"])
    assert call(runs, "show", name, folder=place).stdout.count("sha256") >= 5


def test_a_failed_run_is_shown_with_its_reason(place: Path) -> None:
    shown = ask(place, "show", "failed/1")
    assert shown["status"] == "failed"
    assert "nan in row 7, feature 2" in shown["manifest"]["error"]


def test_a_sweep_is_shown_with_its_jobs_and_ranks_them(place: Path) -> None:
    jobs = ask(place, "show", "sweep/1", "--by", "outputs.std")["jobs"]
    assert {job["architecture.sizes"] for job in jobs} == {"[2]", "[3]"}
    assert [job["status"] for job in jobs] == ["complete", "complete"]
    assert jobs[0]["outputs.std"] > jobs[1]["outputs.std"]
    assert [job["status"] for job in ask(place, "show", "cut/1")["jobs"]] == ["complete", "killed"]
    jobs = ask(place, "show", "partial/1")["jobs"]
    assert [job["status"] for job in jobs] == ["complete", "failed"]


def test_two_runs_are_compared(place: Path) -> None:
    assert ask(place, "diff", "training/1", "training/latest")["identical"]
    used = ask(place, "diff", "used/1", "used/2", status=1)
    assert (used["identical"], used["parameters"]) == (False, {})
    plain = ask(place, "diff", "plain/1", "plain/2", status=1)
    assert plain["config"]["seed"] == [0, 1]
    assert plain["config"]["engine.kind"] == ["fast", "reference"]
    assert set(plain["parameters"]) == {"hidden1", "hidden2", "output"}


def test_the_jobs_of_a_sweep_are_compared(place: Path) -> None:
    different = ask(place, "diff", "sweep/1/0", "sweep/1/1", status=1)
    assert different["config"]["architecture.sizes"] == [[2], [3]]


@pytest.mark.parametrize("name", ["plain/2", "files/1", "sweep/1", "regression/1"])
def test_a_page_is_made_of_a_stored_run(place: Path, tmp_path: Path, name: str) -> None:
    page = tmp_path / "page.html"
    done = call(report, name, "--to", str(page), folder=place)
    assert done.returncode == 0, done.stderr
    assert "</html>" in page.read_text()


def test_runs_that_failed_or_were_stopped_are_tidied_away(own: Path) -> None:
    removed = {row["run"] for row in ask(own, "gc", "--yes")}
    assert {"failed/v0001", "stopped/v0001", "stopped/v0002"} <= removed <= set(INCOMPLETE)
    left = {row["run"] for row in ask(own, "list", "--status", "complete")}
    assert left == {name for name in DIGESTS if name.count("/") == 1}

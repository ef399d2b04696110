"""`nnpipe runs` over real runs: what it lists, shows, compares, verifies, repeats and removes.

Modules: cli/main.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nnpipe
from nnpipe.cli.commands import runs
from tests.processes import held

Ask = Callable[..., tuple[int, str, str]]


def make(root: Path, name: str = "small", **config: Any) -> Path:
    given: dict[str, Any] = {
        "architecture": {"sizes": [4, 3]},
        "input": {"samples": 20, "features": 5},
        "output": {"root": str(root), "name": name},
        **config,
    }
    with nnpipe.run(given) as run:
        return run.path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


@pytest.fixture
def ask(root: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def ask(command: str, *arguments: object) -> tuple[int, str, str]:
        status = runs([command, "--root", str(root), *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return ask


def kill(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def test_list_tells_complete_killed_running_and_damaged_runs_apart(root: Path, ask: Ask) -> None:
    make(root)
    killed, running, damaged = make(root), make(root), make(root)
    kill(killed)
    kill(running)
    (damaged / "manifest.json").write_text("{")
    with held(running / "run.log"):
        _, out, _ = ask("list", "--json")
    listed = {row["run"]: row["status"] for row in json.loads(out)}
    assert listed == {
        "small/v0001": "complete",
        "small/v0002": "killed",
        "small/v0003": "running",
        "small/v0004": "damaged",
    }
    _, out, _ = ask("list", "--json")
    assert json.loads(out)[2]["status"] == "killed"


def test_list_filters_by_name_and_status(root: Path, ask: Ask) -> None:
    make(root, "mnist_a")
    make(root, "other")
    kill(make(root, "mnist_b"))
    _, out, _ = ask("list", "mnist*", "--status", "complete")
    lines = out.splitlines()
    assert lines[0].split() == ["run", "kind", "status", "age", "samples", "metrics", "size"]
    assert [line.split()[0] for line in lines[1:]] == ["mnist_a/v0001"]
    assert ask("list", "none*")[1] == f"no runs in {root} match; there are 3 others\n"


@pytest.mark.parametrize("address", ["small/2", "small/v0002", "small/latest"])
def test_a_run_is_found_by_its_short_names(root: Path, ask: Ask, address: str) -> None:
    make(root)
    make(root, seed=7)
    _, out, _ = ask("show", address, "--json")
    shown = json.loads(out)
    assert shown["run"] == "small/v0002"
    assert shown["config"]["seed"] == 7
    assert shown["manifest"]["metrics"]["samples"] == 20


def test_a_run_is_found_by_its_path_from_anywhere(root: Path, ask: Ask) -> None:
    path = make(root)
    _, out, _ = ask("show", path)
    assert out.startswith("run     small/v0001\nstatus  complete\n")
    assert "hidden1  dense  sigmoid     4 × 6           24" in out


def test_an_unknown_address_is_answered_with_what_there_is(root: Path, ask: Ask) -> None:
    make(root)
    status, _, err = ask("show", "smal/1")
    assert status == 2
    assert err == (
        f"'smal/1' is not a run; {root} holds small/v0001. Name one as <name>/<number>, "
        "<name>/latest or by its path, or set --root. Did you mean 'small/v0001'?\n"
    )


def test_control_characters_of_a_strangers_run_do_not_reach_the_terminal(
    root: Path, ask: Ask
) -> None:
    path = make(root)
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text.replace('"error": null', r'"error": "\u001b[2J"'))
    _, out, _ = ask("show", "small/1")
    assert "\x1b" not in out
    assert "error   �[2J" in out


def test_runs_of_one_config_do_not_differ(root: Path, ask: Ask) -> None:
    make(root)
    make(root)
    status, out, _ = ask("diff", "small/1", "small/2")
    assert status == 0
    assert "outputs  identical to the bit" in out


def test_diff_names_config_parameters_and_the_first_differing_row(root: Path, ask: Ask) -> None:
    given = np.linspace(-1, 1, 100).reshape(20, 5)
    for number in (1, 2):
        np.save(root.parent / f"{number}.npy", given)
        given[7:9] += 0.5
    paths = [
        make(root, input={"kind": "npy", "path": str(root.parent / f"{n}.npy")}) for n in (1, 2)
    ]
    status, out, _ = ask("diff", "small/1", "small/2", "--json")
    found = json.loads(out)
    assert status == 1
    with nnpipe.open_run(paths[0]) as a, nnpipe.open_run(paths[1]) as b:
        expected = np.abs(a.outputs[:].astype(np.float64) - b.outputs[:]).max()
    assert found["outputs"] == {"max": float(expected), "first_row": 7, "rows": 2}
    assert found["parameters"] == {}
    assert list(found["config"]) == ["input.path"]


def test_diff_measures_parameters_by_layer(root: Path, ask: Ask) -> None:
    first, second = make(root), make(root, seed=1)
    _, out, _ = ask("diff", "small/1", "small/2", "--json")
    with nnpipe.open_run(first) as a, nnpipe.open_run(second) as b:
        expected = {
            p.name: float(np.abs(p.parameters.astype(np.float64) - q.parameters).max())
            for p, q in zip(a.network.layers, b.network.layers, strict=True)
        }
    assert json.loads(out)["parameters"] == expected


def test_verify_finds_every_damaged_file_by_name(root: Path, ask: Ask) -> None:
    path = make(root, output={"root": str(root), "name": "small", "predictions": True})
    sound = f"small/v0001: sound; digest {sha256(path / 'manifest.json')}\n"
    assert ask("verify", "small/1")[:2] == (0, sound)
    for name in ("config.yaml", "overrides.yaml", "parameters.h5", "results.h5"):
        whole = (path / name).read_bytes()
        damaged = bytearray(whole)
        damaged[len(damaged) // 2] ^= 1
        (path / name).write_bytes(damaged)
        status, out, _ = ask("verify", "small/1")
        assert status == 1
        assert out == f"{path / name}: altered; its SHA-256 is not the one in the manifest\n"
        (path / name).write_bytes(whole)
    assert ask("verify", "small/1")[0] == 0


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_verify_compares_the_digest_of_a_run_with_the_one_that_is_expected(
    root: Path, ask: Ask
) -> None:
    path, other = make(root), make(root)
    expected = sha256(path / "manifest.json")
    for typed in (expected, expected.upper()):
        assert ask("verify", "small/1", "--expect", typed)[0] == 0
    found = sha256(other / "manifest.json")
    problem = f"small/v0002: the digest is {found}; expected {expected}. This is another run."
    assert ask("verify", "small/2", "--expect", expected) == (1, f"{problem}\n", "")
    status, out, _ = ask("verify", "small/2", "--expect", expected, "--json")
    assert status == 1
    assert json.loads(out) == [{"run": "small/v0002", "problems": [problem], "digest": found}]


def test_a_run_forged_to_be_sound_has_another_digest(root: Path, ask: Ask) -> None:
    path = make(root)
    digest = sha256(path / "manifest.json")
    with h5py.File(path / "results.h5", "r+") as file:
        file["outputs"][3, 1] = 0.5
    _forge(path, "results.h5")
    assert ask("verify", "small/1")[0] == 0
    assert ask("verify", "small/1", "--expect", digest)[0] == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ("small/1", "small/2", "--expect", "0" * 64),
            "--expect: found 2 runs; expected one. Verify them one by one.",
        ),
        (
            ("small/1", "--expect", "0" * 63),
            f"--expect: found '{'0' * 63}'; expected 64 hexadecimal digits, as nnpipe runs verify "
            "prints them.",
        ),
    ],
)
def test_what_cannot_be_expected_is_refused(
    root: Path, ask: Ask, words: tuple[str, ...], problem: str
) -> None:
    assert ask("verify", *words) == (2, "", f"{problem}\n")


def test_a_run_without_a_manifest_has_no_digest(root: Path, ask: Ask) -> None:
    kill(make(root))
    status, out, _ = ask("verify", "small/1", "--json")
    assert (status, json.loads(out)[0]["digest"]) == (1, None)


def test_verify_finds_numbers_that_are_not_finite_behind_a_right_checksum(
    root: Path, ask: Ask
) -> None:
    path = make(root)
    with h5py.File(path / "results.h5", "r+") as file:
        file["outputs"][3, 1] = np.nan
    _forge(path, "results.h5")
    status, out, _ = ask("verify", "small/1")
    assert status == 1
    assert out == (
        f"{path / 'results.h5'}: /outputs has 1 rows that are not finite, the first is row 3\n"
    )


def test_verify_finds_a_missing_dataset_behind_a_right_checksum(root: Path, ask: Ask) -> None:
    path = make(root)
    with h5py.File(path / "results.h5", "r+") as file:
        del file["outputs"]
    _forge(path, "results.h5")
    status, out, _ = ask("verify", "small/1")
    assert (status, out) == (1, f"{path / 'results.h5'}: no /outputs\n")


def _forge(path: Path, name: str) -> None:
    from nnpipe.runs.store.manifest import measure

    manifest = json.loads((path / "manifest.json").read_text())
    artifact = measure(path / name)
    manifest["artifacts"][name] = {"size": artifact.size, "sha256": artifact.sha256}
    (path / "manifest.json").write_text(json.dumps(manifest))


def test_verify_says_of_a_killed_run_that_it_is_not_complete(root: Path, ask: Ask) -> None:
    path = make(root)
    kill(path)
    status, out, _ = ask("verify", "small/1")
    assert (status, out) == (1, f"{root / 'small/v0001'}: the run is killed, not complete\n")


def test_a_rerun_is_identical_and_a_new_version(
    root: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Made with relative paths, and run again from another working folder.
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.ones((3, 2)))
    make(Path("outputs"), input={"kind": "npy", "path": "x.npy"})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    status, out, _ = ask("rerun", "small/latest")
    assert out == "small/v0002: identical to small/v0001, to the bit\n"
    assert status == 0
    assert (root / "small/latest").readlink() == Path("v0002")


def test_a_training_made_with_relative_paths_is_run_again_from_elsewhere(
    root: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.arange(40.0).reshape(20, 2) / 40)
    np.save("y.npy", np.arange(20) % 2)
    data = {"kind": "npy", "path": "x.npy", "labels": "y.npy"}
    make(
        Path("outputs"),
        input=data,
        validation=data,
        test=data,
        architecture={"sizes": [2], "activation": "softmax"},
        pipeline={"stages": ["train", "evaluate", "infer"]},
        training={"epochs": 1},
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    status, out, _ = ask("rerun", "small/latest")
    assert out == "small/v0002: identical to small/v0001, to the bit\n"
    assert status == 0


def test_a_rerun_that_differs_says_that_the_input_changed(root: Path, ask: Ask) -> None:
    data = root.parent / "x.npy"
    np.save(data, np.ones((3, 2)))
    make(root, input={"kind": "npy", "path": str(data)})
    np.save(data, np.zeros((3, 2)))
    status, out, _ = ask("rerun", "small/1", "--json")
    answer = json.loads(out)
    assert status == 1
    assert answer["identical"] is False
    assert answer["causes"] == ["input mtime_ns"]
    assert answer["outputs"]["rows"] == 3


def test_remove_asks_and_mends_latest(
    root: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(root)
    path = make(root)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    status, out, err = ask("remove", "small/2")
    assert (status, out) == (1, "nothing removed\n")
    assert err.endswith("Remove? [y/N] ")
    assert path.is_dir()

    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert ask("remove", "small/2")[0] == 0
    assert not path.exists()
    assert (root / "small/latest").resolve() == root / "small/v0001"


def test_a_removed_number_is_not_given_again(root: Path, ask: Ask) -> None:
    for _ in range(3):
        make(root)
    ask("remove", "small/2", "small/3", "--yes")
    assert make(root).name == "v0004"
    ask("remove", "small/4", "small/1", "--yes")
    assert sorted(entry.name for entry in (root / "small").iterdir()) == [".v0004"]
    assert make(root).name == "v0005"


def test_remove_refuses_a_run_that_another_was_made_from(root: Path, ask: Ask) -> None:
    source = make(root)
    make(root, "user", architecture={"run": str(source)})
    status, _, err = ask("remove", "small/1", "--yes")
    assert status == 2
    assert err == (
        f"{root / 'small/v0001'}: user/v0001 was made from it, and cannot be reproduced "
        "without it. Remove that one first.\n"
    )
    assert source.is_dir()
    assert ask("remove", "small/1", "user/1", "--yes")[0] == 0
    assert not source.exists()


def test_remove_refuses_a_run_that_is_going_on(root: Path, ask: Ask) -> None:
    path = make(root)
    kill(path)
    with held(path / "run.log"):
        status, _, err = ask("remove", "small/1", "--yes")
    assert status == 2
    assert err.endswith("the run is still running. Wait for it, or stop it first.\n")


def test_gc_removes_what_did_not_complete_and_nothing_else(root: Path, ask: Ask) -> None:
    complete = make(root)
    bad = root.parent / "bad.npy"
    np.save(bad, np.full((2, 2), np.nan))
    with pytest.raises(nnpipe.RunFailed):
        make(root, input={"kind": "npy", "path": str(bad), "on_nonfinite": "error"})
    killed, running = make(root), make(root)
    kill(killed)
    kill(running)
    with held(running / "run.log"):
        status, out, _ = ask("gc", "--yes", "--json")
    assert status == 0
    assert [row["run"] for row in json.loads(out)] == ["small/v0002", "small/v0003"]
    assert complete.is_dir()
    assert running.is_dir()
    assert not killed.exists()


def test_the_command_imports_neither_hydra_nor_optional_libraries(tmp_path: Path) -> None:
    code = (
        "import sys; from nnpipe.cli.commands import runs; runs(['list']); runs(['verify', 'a/1']);"
        "print([m for m in ('hydra', 'omegaconf', 'xarray', 'optuna') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "no runs in outputs\n[]\n"

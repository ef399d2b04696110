"""scripts/plot_training.py: the course of a training, or of all in a sweep."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts.plot_training import main
from tests.processes import call

HEAD = "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,gradient_norm,seconds"


def plot(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return call(main, *arguments, folder=folder)


def test_a_sweep_becomes_one_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plot is drawn by matplotlib")
    for job, name in enumerate(("sgd", "adam")):
        folder = tmp_path / "sweep" / "runs" / f"{job:03d}"
        folder.mkdir(parents=True)
        rows = "".join(f"{e},{1 / e},0.5,{2 / e},0.5,0.1,1.0,0.1\n" for e in (1, 2, 3))
        (folder / "history.csv").write_text(f"{HEAD}\n{rows}")
        (folder / "overrides.yaml").write_text(f"- optimizer={name}\n")
    done = plot(tmp_path, "sweep", "--to", "curves.png")
    assert (done.returncode, done.stdout) == (0, "curves.png\n")
    picture = (tmp_path / "curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000


def test_a_folder_without_a_history_is_refused(tmp_path: Path) -> None:
    done = plot(tmp_path, "nowhere")
    assert done.returncode == 2
    assert done.stderr == (
        "plot_training.py: nowhere: no history.csv; "
        "expected the folder of a training or of a sweep\n"
    )

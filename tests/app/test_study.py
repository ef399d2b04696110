"""Sweeps whose jobs Optuna chooses by a metric, and their studies.

Modules: app/journal.py.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from nnpipe.app.main import main
from nnpipe.app.study import distribution
from nnpipe.cli.commands import runs
from nnpipe.runs.inspect.sweep import add_row
from nnpipe.runs.store.folder import Folder

optuna = pytest.importorskip("optuna", reason="pip install 'nnpipe[optuna]'")

ASKED = [
    "-m",
    "hydra/sweeper=optuna",
    "output.metric=outputs.std",
    "input.samples=8",
    "input.features=3",
    "architecture=uniform",
    "architecture.width=range(2,9)",
    "architecture.activation=relu,tanh",
    "hydra.sweeper.n_trials=4",
]


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a sweep begun in tmp_path gets."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "outputs/default/v0001"


def table(sweep: Path) -> list[dict[str, str]]:
    with (sweep / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def study(sweep: Path) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(sweep / "study.log")))
    return optuna.load_study(study_name="nnpipe", storage=storage)


def interrupt(folder: Folder, job: str) -> None:
    add_row(folder, job)
    if job == "002":
        raise KeyboardInterrupt


def test_a_study_holds_the_metric_of_every_job(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(ASKED) == 0
    rows = table(sweep)
    trials = study(sweep).trials
    assert [trial.value for trial in trials] == [float(row["outputs.std"]) for row in rows]
    assert [trial.params["architecture.width"] for trial in trials] == [
        int(row["architecture.width"]) for row in rows
    ]
    best = max(rows, key=lambda row: float(row["outputs.std"]))
    assert f"best   {best['job']}  " in capsys.readouterr().out
    assert runs(["verify", "default/1"]) == 0


def test_a_study_goes_in_the_direction_of_its_metric(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [text.replace("outputs.std", "seconds") for text in ASKED]
    assert main([*asked, "hydra.sweeper.n_trials=3"]) == 0
    assert study(sweep).direction == optuna.study.StudyDirection.MINIMIZE
    least = min(table(sweep), key=lambda row: float(row["seconds"]))
    assert f"best   {least['job']}  " in capsys.readouterr().out


def test_a_study_that_was_cut_short_goes_on_with_the_values_it_had_chosen(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("nnpipe.app.main.add_row", interrupt)
        assert main(ASKED) == 130
    # As if it had been killed while the last job went on.
    (sweep / "runs/002/manifest.json").unlink()
    (sweep / "study.log.lock").touch()
    chosen = [row["architecture.width"] for row in table(sweep)]
    assert len(chosen) == 3
    assert runs(["resume", "default/1"]) == 0
    assert [row["architecture.width"] for row in table(sweep)][:3] == chosen
    assert [trial.state.name for trial in study(sweep).trials] == ["COMPLETE"] * 4
    assert len(table(sweep)) == 4


def test_a_job_that_failed_is_told_to_the_study_and_run_again_by_resume(sweep: Path) -> None:
    np.save("good.npy", np.ones((4, 3)))
    np.save("bad.npy", np.full((4, 3), np.nan))
    given = ["input=npy", "input.path=good.npy,bad.npy", "input.on_nonfinite=error"]
    given += ["output.metric=outputs.mean", "hydra.sweeper.n_trials=5", "architecture.sizes=[2]"]
    assert main(["-m", "hydra/sweeper=optuna", *given]) == 1
    states = [trial.state.name for trial in study(sweep).trials]
    assert set(states) == {"COMPLETE", "FAIL"}
    np.save("bad.npy", np.zeros((4, 3)))
    assert runs(["resume", "default/1"]) == 0
    trials = study(sweep).trials
    assert {trial.user_attrs["job"] for trial in trials if trial.value is not None} == {*range(5)}
    assert len(table(sweep)) == 5


def test_a_study_of_an_earlier_version_goes_on_with_the_former_name_of_its_metric(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("nnpipe.app.main.add_row", interrupt)
        assert main([*ASKED[:2], "output.figure=outputs.std", *ASKED[3:]]) == 130
    asked = yaml.safe_load((sweep / "sweep.yaml").read_text())
    output = asked["config"]["output"]
    assert (output["metric"], "figure" in output) == ("outputs.std", False)
    # As an earlier version wrote it.
    output["figure"] = output.pop("metric")
    (sweep / "sweep.yaml").write_text(yaml.safe_dump(asked))
    done = sweep / "runs/000/manifest.json"
    manifest = json.loads(done.read_text())
    manifest |= {"schema_version": 1, "figures": manifest.pop("metrics")}
    done.write_text(json.dumps(manifest))
    before = table(sweep)
    assert runs(["resume", "default/1"]) == 0
    assert [row["status"] for row in table(sweep)] == ["complete"] * 4
    assert table(sweep)[0] == before[0]
    values = [trial.value for trial in study(sweep).trials]
    assert values == [float(row["outputs.std"]) for row in table(sweep)]


def test_what_a_study_cannot_use_is_refused_before_a_folder_is_made(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["hydra/sweeper=optuna", "hydra.sweeper.direction=up", "hydra.sweeper.n_trials=0"]
    assert main(["-m", *given, "seed=1,2"]) == 2
    assert capsys.readouterr().err == (
        "output.metric: missing; expected the metric to optimise, such as accuracy\n"
        "hydra.sweeper.direction: 'up' is not a direction; expected one of auto, maximize, "
        "minimize.\n"
        "hydra.sweeper.n_trials: found 0; expected 1 or greater\n"
    )
    assert not sweep.parent.exists()


def test_a_metric_that_no_job_has_ends_the_sweep_with_the_names_there_are(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ASKED, "output.metric=output.std"]) == 2
    assert capsys.readouterr().err.endswith(
        "output.metric: 'output.std' is not a metric of this run; expected one of nonfinite_inputs,"
        " outputs.max, outputs.mean, outputs.min, outputs.std, samples, seconds. "
        "Did you mean 'outputs.std'?\n"
    )


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("x=a,b", optuna.distributions.CategoricalDistribution(["a", "b"])),
        ("x=[1,2],[3]", optuna.distributions.CategoricalDistribution(["[1,2]", "[3]"])),
        ("x=range(2,9,2)", optuna.distributions.IntDistribution(2, 8, step=2)),
        ("x=int(interval(1,9))", optuna.distributions.IntDistribution(1, 9)),
        ("x=interval(0,1)", optuna.distributions.FloatDistribution(0.0, 1.0)),
        (
            "x=tag(log,interval(1e-4,1))",
            optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
        ),
    ],
)
def test_what_is_swept_becomes_a_distribution(override: str, expected: Any) -> None:
    assert distribution(OverridesParser.create().parse_override(override)) == expected

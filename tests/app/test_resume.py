"""A sweep that was cut short goes on in its folder, and runs only what is not complete."""

from __future__ import annotations

import csv
import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
import yaml

from nnpipe.app.job import begin_job
from nnpipe.app.main import main
from nnpipe.cli.commands import runs
from nnpipe.config.defaults import without_auto
from nnpipe.errors import RunError
from nnpipe.runs.store.folder import Folder
from nnpipe.runs.store.manifest import measure
from tests.processes import held

SMALL = ["input.samples=8", "input.features=3", "architecture.sizes=[2]"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a sweep of three seeds has been made."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["-m", *SMALL, "seed=1,2,3"]) == 0
    return folder


@pytest.fixture
def sweep(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A complete sweep of three seeds in tmp_path."""
    shutil.copytree(made / "outputs", tmp_path / "outputs")
    monkeypatch.chdir(tmp_path)
    sweep = tmp_path / "outputs/default/v0001"
    edit(sweep, directory=str(tmp_path))
    measured = measure(sweep / "sweep.yaml")
    manifest = json.loads((sweep / "manifest.json").read_text())
    manifest["artifacts"]["sweep.yaml"] = {"size": measured.size, "sha256": measured.sha256}
    (sweep / "manifest.json").write_text(json.dumps(manifest))
    return sweep


def cut_short(sweep: Path, *jobs: str) -> None:
    """Leave a sweep as if it had been killed while these jobs went on."""
    (sweep / "manifest.json").unlink()
    for job in jobs:
        (sweep / "runs" / job / "manifest.json").unlink()
        (sweep / "runs" / job / ".results.h5.1.part").write_bytes(b"half")


def statuses(sweep: Path) -> list[tuple[str, str]]:
    with (sweep / "sweep.csv").open(newline="") as file:
        return [(row["seed"], row["status"]) for row in csv.DictReader(file)]


def test_a_killed_sweep_runs_what_is_not_complete_and_no_more(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_short(sweep, "001")
    before = {job: (sweep / "runs" / job / "manifest.json").read_bytes() for job in ("000", "002")}
    whole = (sweep / "runs/001/results.h5").read_bytes()
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if "seed=" in line] == ["001"]
    for job, manifest in before.items():
        assert (sweep / "runs" / job / "manifest.json").read_bytes() == manifest
    assert (sweep / "runs/001/results.h5").read_bytes() == whole
    assert not list(sweep.rglob("*.part"))
    assert statuses(sweep) == [("1", "complete"), ("2", "complete"), ("3", "complete")]
    assert runs(["verify", "default/1"]) == 0


def test_the_digest_of_a_sweep_covers_its_jobs(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "sha256sum manifest.json runs/*/manifest.json | sha256sum"
    done = subprocess.run(command, shell=True, cwd=sweep, stdout=PIPE, text=True, check=True)
    digest = done.stdout.split()[0]
    assert runs(["verify", "default/1", "--expect", digest]) == 0
    assert capsys.readouterr().out == f"default/v0001: sound; digest {digest}\n"
    manifest = sweep / "runs/001/manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    assert runs(["verify", "default/1"]) == 0
    assert runs(["verify", "default/1", "--expect", digest]) == 1


def test_a_sweep_is_resumed_from_any_working_folder(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(sweep, "000", "002")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert runs(["resume", str(sweep)]) == 0
    assert runs(["verify", str(sweep)]) == 0


def test_a_job_that_failed_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("good.npy", np.ones((4, 3)))
    np.save("bad.npy", np.full((4, 3), np.nan))
    given = ["input=npy", "input.path=good.npy,bad.npy", "input.on_nonfinite=error"]
    assert main(["-m", *given, "architecture.sizes=[2]"]) == 1
    np.save("bad.npy", np.zeros((4, 3)))
    assert runs(["resume", "default/1"]) == 0
    assert runs(["verify", "default/1"]) == 0


def test_a_sweep_whose_complete_jobs_read_another_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.ones((4, 3)))
    main(["-m", "input=npy", "input.path=x.npy", "architecture.sizes=[2],[3]"])
    cut_short(tmp_path / "outputs/default/v0001", "001")
    np.save("x.npy", np.zeros((4, 3)))
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 2
    assert capsys.readouterr().err == (
        f"outputs/default/v0001: {tmp_path / 'x.npy'} has changed since job 000 read it, so the "
        "jobs could not be compared. Restore the file, or start a new sweep.\n"
    )


def edit(sweep: Path, **changes: object) -> None:
    path = sweep / "sweep.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def test_a_sweep_that_began_before_auto_goes_on_with_the_defaults_of_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).normal(size=(40, 3)))
    np.save("y.npy", np.arange(40) % 2)
    asked = ["pipeline=train", "input=npy", "input.path=x.npy", "input.labels=y.npy"]
    asked += ["architecture=stack", "+architecture.layers.extra={neurons: 2}"]
    assert main(["-m", *asked, "training.epochs=2", "seed=1,2"]) == 0
    sweep = tmp_path / "outputs/default/v0001"
    config = without_auto(yaml.safe_load((sweep / "sweep.yaml").read_text())["config"])
    config["training"] |= dict.fromkeys(["loss", "validation_fraction", "patience"])
    config["training"]["batch_size"] = 128
    config["input"]["normalize"] = "none"
    edit(sweep, config=config)
    cut_short(sweep, "001")
    assert runs(["resume", "default/1"]) == 0
    config = yaml.safe_load((sweep / "runs/001/config.yaml").read_text())
    layer = config["architecture"]["layers"]["extra"]
    assert (layer["activation"], layer["initializer"]["kind"]) == ("sigmoid", "normal")
    assert config["input"]["normalize"] == "none"
    assert (config["training"]["epochs"], config["training"]["batch_size"]) == (2, 128)
    assert config["training"]["validation_fraction"] == 0.1


def test_a_sweep_whose_config_has_changed_is_refused(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_short(sweep, "001")
    edit(sweep, task=[*SMALL[:2], "architecture.sizes=[5]", "seed=1,2,3"])
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 2
    assert capsys.readouterr().err == (
        f"{sweep}: architecture.sizes has changed since the sweep began; found [5]; expected [2]. "
        "Undo the change, or start a new sweep.\n"
    )
    assert not (sweep / "runs/001/manifest.json").exists()


def test_a_complete_job_is_not_taken_for_another(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_short(sweep, "001")
    edit(sweep, task=[*SMALL, "seed=9,2,3"])
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 2
    assert "found the run of" in capsys.readouterr().err
    assert yaml.safe_load((sweep / "runs/000/overrides.yaml").read_text())[-1] == "seed=1"


@pytest.mark.parametrize(
    "override",
    [
        "+hydra.callbacks.x={_target_: os.system}",
        "hydra.sweeper._target_=os.system",
        "+hydra.job_logging.x=1",
        "hydra.sweeper.custom_search_space=os.system",
        "+input.x={_target_: os.system}",
        "--config-dir=/tmp",
    ],
)
def test_overrides_that_name_code_are_not_taken_from_a_file(
    sweep: Path, capsys: pytest.CaptureFixture[str], override: str
) -> None:
    cut_short(sweep, "001")
    edit(sweep, hydra=[override])
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 2
    assert capsys.readouterr().err == (
        f"outputs/default/v0001/sweep.yaml: {override!r} must not come from a file. "
        "Type it in a new sweep.\n"
    )


def test_a_complete_sweep_and_one_that_goes_on_are_left_alone(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 2
    cut_short(sweep, "001")
    with held(sweep / "sweep.yaml"):
        assert runs(["resume", "default/1"]) == 2
    assert capsys.readouterr().err == (
        "outputs/default/v0001: the sweep is complete. There is nothing to resume.\n"
        "outputs/default/v0001: the sweep is running. There is nothing to resume.\n"
    )


def test_two_processes_that_resume_at_once_do_each_job_once(sweep: Path, tmp_path: Path) -> None:
    cut_short(sweep, "000", "001", "002")
    command = [sys.executable, "-c", "from nnpipe.cli.main import main; raise SystemExit(main())"]
    command += ["runs", "resume", str(sweep)]
    both = [
        subprocess.Popen(command, cwd=tmp_path, stdout=PIPE, stderr=PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in both]
    done = [line.split()[0] for out, _ in said for line in out.splitlines() if "seed=" in line]
    assert sorted(done) == ["000", "001", "002"]
    assert sorted(process.returncode for process in both) == [0, 2]
    # Which of them it is depends on how far the first one was.
    refusals = [
        f"{sweep}: {state}\n"
        for state in (
            "the sweep is running. There is nothing to resume.",
            "another process is running the sweep. Wait until it ends.",
            "the sweep is complete. There is nothing to resume.",
        )
    ]
    refused = next(k for k, process in enumerate(both) if process.returncode == 2)
    assert said[refused][0] == ""
    assert said[refused][1] in refusals
    assert said[1 - refused][1] == ""
    assert statuses(sweep) == [("1", "complete"), ("2", "complete"), ("3", "complete")]
    assert runs(["verify", "default/1"]) == 0


def test_a_sweep_that_another_takes_up_in_the_meantime_is_left_to_it(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_short(sweep, "001")
    before = {path: path.read_bytes() for path in sweep.rglob("*") if path.is_file()}

    def later(arguments: list[str], folder: Folder) -> int:
        with held(sweep / "sweep.yaml"):
            return main(arguments, folder)

    monkeypatch.setattr("nnpipe.app.resume.main", later)
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 2
    assert capsys.readouterr().err == (
        f"{sweep}: another process is running the sweep. Wait until it ends.\n"
    )
    assert {path: path.read_bytes() for path in sweep.rglob("*") if path.is_file()} == before


def test_a_sweep_that_another_completes_in_the_meantime_is_left_as_it_is(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = (sweep / "manifest.json").read_bytes()
    cut_short(sweep)

    def later(arguments: list[str], folder: Folder) -> int:
        (sweep / "manifest.json").write_bytes(manifest)
        return main(arguments, folder)

    monkeypatch.setattr("nnpipe.app.resume.main", later)
    capsys.readouterr()
    assert runs(["resume", "default/1"]) == 2
    assert capsys.readouterr().err == (
        f"{sweep}: the sweep is complete. There is nothing to resume.\n"
    )
    assert (sweep / "manifest.json").read_bytes() == manifest


def test_a_job_that_outlived_its_sweep_is_waited_for(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_short(sweep, "001")
    capsys.readouterr()
    with held(sweep / "runs/001/run.log"):
        assert runs(["resume", "default/1"]) == 2
        running = pytest.raises(RunError, match="another process is running")
        with Folder.open(sweep / "runs/001") as job, running:
            begin_job(job, [])
    assert capsys.readouterr().err == (
        f"{sweep}/runs/001: another process is running the job. Wait until it ends, or end it.\n"
    )
    assert (sweep / "runs/001/.results.h5.1.part").read_bytes() == b"half"
    assert runs(["resume", "default/1"]) == 0


def test_a_run_in_shards_that_another_takes_up_is_left_to_it(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(sweep / "runs/001", sweep.with_name("v0002"))
    (run / "manifest.json").unlink()
    (run / "results").mkdir()
    capsys.readouterr()
    with held(run):
        assert runs(["resume", "default/2"]) == 2
    assert capsys.readouterr().err == (
        "outputs/default/v0002: another process is resuming the run. Wait until it ends.\n"
    )
    assert not (run / "manifest.json").exists()


def test_a_reader_that_glances_at_the_lock_is_not_taken_for_a_sweep(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short(sweep, "001")
    glancing = (sweep / "sweep.yaml").open()
    fcntl.flock(glancing, fcntl.LOCK_SH)
    # The lock is tried again; by then the reader has let go.
    monkeypatch.setattr("nnpipe.runs.store.lock.time.sleep", lambda _: glancing.close())
    assert runs(["resume", "default/1"]) == 0


def test_the_table_ranks_the_jobs_by_a_metric(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    runs(["show", "default/1", "--by", "outputs.mean"])
    shown = capsys.readouterr().out.splitlines()
    with (sweep / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected = sorted(rows, key=lambda row: -float(row["outputs.mean"]))
    assert [line.split()[0] for line in shown[-3:]] == [row["job"] for row in expected]
    for flags, sign in (((), 1), (("--highest",), -1)):
        runs(["show", "default/1", "--by", "seconds", *flags])
        shown = capsys.readouterr().out.splitlines()
        expected = sorted(rows, key=lambda row: sign * float(row["seconds"]))
        assert [line.split()[0] for line in shown[-3:]] == [row["job"] for row in expected]
    assert runs(["show", "default/1", "--by", "acuracy"]) == 2
    assert "'acuracy' is not a metric of this sweep" in capsys.readouterr().err


def test_the_table_grows_as_jobs_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sizes: list[int] = []

    def look(job: Path) -> str:
        sizes.append(len(statuses(job.parents[1])))
        return ""

    monkeypatch.setattr("nnpipe.app.main.job_line", look)
    main(["-m", *SMALL, "seed=1,2,3"])
    assert sizes == [1, 2, 3]

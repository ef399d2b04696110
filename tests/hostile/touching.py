"""Attacks that would read, write or delete outside of the run: links, names, races, addresses."""

import ctypes
import os
import shutil
import sqlite3
import warnings
from functools import partial

from tests.hostile.corpus import (
    HARMLESS,
    TRICKS,
    add,
    dangling,
    directory,
    edit_config,
    edit_sweep,
    forge,
    hard_link,
    link,
    pipe,
    root,
)
from tests.hostile.executing import likely_pids

RESUME = "runs resume s/1"
READ = ("runs verify a/1", "runs show a/1", "runs list", "runs diff a/1 a/2", "report a/1")
FROM_RUN = "run architecture=from_run architecture.run=outputs/a/v0001 input.features=5"
GO_ON = (
    "run input=hdf5 input.path=xy.h5 input.dataset=/x input.labels=/y architecture.sizes=[3,2] "
    "architecture.output_activation=softmax pipeline.stages=[train,infer] training.epochs=3 "
    "training.loss=cross_entropy training.checkpoint_every=1 training.resume=outputs/t/v0001 "
    "output.report=false"
)


def files(kind, of, names, commands, tricks=TRICKS, statuses=HARMLESS):
    """Add an attack for each file and some of the tricks, in turn, in its place."""
    for place_of, name in enumerate(names):
        for number, trick in enumerate(tricks):
            # All links, and every second of the others: the state machine plays them all.
            if number >= 3 and (place_of + number) % 2:
                continue

            def build(place, trick=trick, name=name):
                trick(getattr(place, of) / name, place)

            verb = commands[0].removeprefix("runs ").split()[0]
            label = f"{verb}-{of}-{name.replace('/', '-')}-{trick.__name__}"
            add(kind, label, build, *commands, statuses=statuses)


SWEEP_FILES = (
    "multirun.yaml",
    "sweep.csv",
    "sweep.yaml",
    "manifest.json",
    "runs",
    "runs/000",
    "runs/001",
    "runs/001/run.log",
    "runs/001/config.yaml",
    "runs/001/results",
    "runs/000/manifest.json",
    "runs/000/overrides.yaml",
    "report.html",
)
files("outside", "sweep", SWEEP_FILES, [RESUME])
files(
    "outside",
    "study",
    ("study.log", "study.log.lock"),
    ["runs resume o/1"],
    (link, dangling, hard_link, pipe),
)
SHARD_FILES = (
    "run.log",
    "results",
    "config.yaml",
    "results/network.h5",
    "results/part-00000.json",
    "results.h5",
)
files("outside", "shards", SHARD_FILES, ["runs resume d/1"], (link, dangling, hard_link, pipe))
RUN_FILES = (
    "manifest.json",
    "config.yaml",
    "overrides.yaml",
    "parameters.h5",
    "results.h5",
    "run.log",
)
files("outside", "run", RUN_FILES, READ)
files(
    "outside",
    "run",
    ("report.html", ".report.html.1.part", "ro-crate-metadata.json"),
    ["report a/1"],
)
files(
    "outside", "run", ("config.yaml", "parameters.h5"), [FROM_RUN, "runs rerun a/1"], (link, pipe)
)
files("outside", "trained", ("checkpoint.h5",), [GO_ON])
files(
    "outside",
    "sweep",
    ("runs", "sweep.csv", "runs/000/manifest.json"),
    ["report s/1", "runs show s/1", "runs verify s/1"],
    (link, pipe, directory),
)


# Temporaries under names that can be guessed


def temporaries(place, folder, names, command=None):
    """Plant links under the names that temporary files would have."""
    for pid in likely_pids():
        for name in names:
            (folder(place) / f".{name}.{pid}.part").symlink_to(place.file)


add(
    "outside",
    "temporaries-of-a-sweep",
    partial(
        temporaries,
        folder=lambda p: p.sweep,
        names=("sweep.csv", "manifest.json", "multirun.yaml", "report.html"),
    ),
    RESUME,
    statuses=HARMLESS,
)
add(
    "outside",
    "temporaries-of-shards",
    partial(
        temporaries,
        folder=lambda p: p.shards,
        names=("config.yaml", "overrides.yaml", "manifest.json", "parameters.h5", "results.h5"),
    ),
    "runs resume d/1",
    statuses=HARMLESS,
)
add(
    "outside",
    "temporaries-of-parts",
    partial(
        temporaries,
        folder=lambda p: p.shards / "results",
        names=("part-00000.h5", "part-00000.json", "network.h5"),
    ),
    "runs resume d/1",
    statuses=HARMLESS,
)
add(
    "outside",
    "temporaries-of-a-report",
    partial(temporaries, folder=lambda p: p.run, names=("report.html",)),
    "report a/1",
    statuses=HARMLESS,
)
add(
    "outside",
    "temporaries-of-latest",
    partial(temporaries, folder=lambda p: p.run.parent, names=("latest",)),
    "runs rerun a/1",
    "run input.samples=5 output.name=a output.report=false",
    statuses=HARMLESS,
)


# Links in the middle of a path


def move(path, place, to="moved"):
    """Move a folder beside the canaries, and leave a link to it."""
    target = place.base / "outside" / to
    if path.exists():
        shutil.move(path, target)
    else:
        target.mkdir()
    path.symlink_to(target)


add("outside", "runs-moved", lambda place: move(place.sweep / "runs", place), RESUME)
add("outside", "job-moved", lambda place: move(place.sweep / "runs" / "001", place), RESUME)
add(
    "outside",
    "results-moved",
    lambda place: move(place.shards / "results", place),
    "runs resume d/1",
)


def linked_version(place):
    """Have a version of the runs lead beside the canaries, killed so that gc would take it."""
    version = place.run.with_name("v0009")
    shutil.copytree(place.run, place.base / "outside" / "other")
    (place.base / "outside" / "other" / "manifest.json").unlink()
    version.symlink_to(place.base / "outside" / "other")


TAKE_AWAY = ("runs remove a/9 --yes", "runs gc --yes", "runs list")
add("outside", "version-is-a-link", linked_version, *TAKE_AWAY, statuses=HARMLESS)


def linked_name(place):
    """Have the folder of a name lead beside the canaries, with a killed run in it."""
    shutil.copytree(place.run.parent, place.base / "outside" / "other", symlinks=True)
    (place.base / "outside" / "other" / "v0001" / "manifest.json").unlink()
    (place.outputs / "n").symlink_to(place.base / "outside" / "other")


add(
    "outside",
    "name-is-a-link",
    linked_name,
    "runs gc --yes",
    "runs remove n/1 --yes",
    statuses=HARMLESS,
)
add(
    "outside",
    "hidden-version-is-a-link",
    lambda place: (place.run.parent / ".v0001").symlink_to(place.precious),
    "runs gc --yes",
    "runs remove a/2 --yes",
    statuses=HARMLESS,
)
add(
    "outside",
    "hidden-version-is-in-the-way",
    lambda place: (place.run.parent / ".v0002").symlink_to(place.precious),
    "runs remove a/2 --yes",
    "runs gc --yes",
    statuses=HARMLESS,
)
add(
    "outside",
    "links-in-what-is-removed",
    lambda place: [(place.run / name).symlink_to(place.precious) for name in ("one", ".two")],
    "runs remove a/1 --yes",
    statuses=HARMLESS,
)
add(
    "outside",
    "latest-leads-elsewhere",
    lambda place: link(place.run.parent / "latest", place),
    "runs verify a/latest",
    "runs remove a/latest --yes",
    "runs rerun a/1",
    "runs gc --yes",
    statuses=HARMLESS,
)
add(
    "outside",
    "latest-is-a-folder",
    lambda place: directory(place.run.parent / "latest", place),
    "runs rerun a/1",
    "runs gc --yes",
    "runs remove a/2 --yes",
    statuses=HARMLESS,
)
add(
    "outside",
    "latest-temporaries",
    lambda place: (place.run.parent / ".latest.9.part").mkdir(),
    "runs gc --yes",
    "runs remove a/2 --yes",
    statuses=HARMLESS,
)
add(
    "outside",
    "name-that-is-a-pipe",
    lambda place: [pipe(place.outputs / "p", place), pipe(place.run.parent / "v0007", place)],
    "runs list",
    "runs gc --yes",
    "runs verify a/7",
    statuses=HARMLESS,
)


# What stored documents say of other places


MLFLOW = 60
"""Seconds for a command that makes a database of MLflow."""


def rewritten(name, edit, *commands, statuses=HARMLESS, seconds=10):
    """Add an attack by a stored config."""

    def build(place):
        edit_config(place.run, lambda config: edit(config, place))

    add("outside", name, build, *commands, statuses=statuses, seconds=seconds)


rewritten(
    "name-that-climbs", lambda c, p: c["output"].update(name="../../../outside/x"), "runs rerun a/1"
)
rewritten(
    "name-that-is-absolute", lambda c, p: c["output"].update(name=str(p.precious)), "runs rerun a/1"
)
rewritten("name-of-dots", lambda c, p: c["output"].update(name=".."), "runs rerun a/1")
rewritten("name-of-a-zero", lambda c, p: c["output"].update(name="a\0b"), "runs rerun a/1")
rewritten("root-elsewhere", lambda c, p: c["output"].update(root=str(p.precious)), "runs rerun a/1")
rewritten(
    "tracking",
    lambda c, p: c["output"].update(root=str(p.precious), tracking="mlflow"),
    "runs rerun a/1",
    seconds=MLFLOW,
)
rewritten(
    "source-elsewhere",
    lambda c, p: c.update(architecture={"kind": "from_run", "run": str(p.precious)}),
    "runs rerun a/1",
)
rewritten(
    "resume-elsewhere",
    lambda c, p: c["training"].update(resume=str(p.precious)),
    "runs rerun a/1",
)
rewritten(
    "activations-with-a-path",
    lambda c, p: c["output"].update(activations=["../../../outside/x"]),
    "runs rerun a/1",
)


def told(name, *commands, **changes):
    """Add an attack by a manifest."""

    def build(place):
        given = {key: value(place) if callable(value) else value for key, value in changes.items()}
        forge(place.run, **given)

    add("outside", f"manifest-{name}", build, *commands, statuses=HARMLESS)


EVERYTHING = (*READ, "runs rerun a/1", FROM_RUN)
told("source-elsewhere", *EVERYTHING, source_run=lambda p: str(p.precious))
told("source-a-pipe", *EVERYTHING, source_run="/dev/zero")
told(
    "input-elsewhere",
    *EVERYTHING,
    input=lambda p: {"kind": "npy", "path": str(p.precious / "x.npy")},
)
told(
    "input-a-device",
    *EVERYTHING,
    input={"kind": "hdf5", "path": "/dev/zero", "size": 1, "mtime_ns": 1},
)
told("a-sweep", *EVERYTHING, kind="sweep")
told(
    "artifact-of-a-part",
    *EVERYTHING,
    artifacts={"results/part-00000.h5": {"size": 0, "sha256": "0" * 64}},
)


def nested_artifact(place):
    """List an artifact through a folder that is a link."""
    (place.run / "results").symlink_to(place.precious)
    forge(place.run, artifacts={"results/part-00007.h5": {"size": 9, "sha256": "0" * 64}})


add(
    "outside",
    "artifact-through-a-link",
    nested_artifact,
    *READ,
    "runs remove a/1 --yes",
    statuses=HARMLESS,
)


def sweep_that(name, *commands, statuses=HARMLESS, seconds=10, **changes):
    """Add an attack by sweep.yaml that would write elsewhere."""

    def build(place):
        given = {}
        for key, value in changes.items():
            text = str(place.precious)
            given[key] = (
                [line.replace("OUTSIDE", text) for line in value]
                if isinstance(value, list)
                else value.replace("OUTSIDE", text)
            )
        edit_sweep(place.sweep, **given)

    commands = commands or (RESUME,)
    add("outside", f"sweep-{name}", build, *commands, statuses=statuses, seconds=seconds)


sweep_that("directory-elsewhere", directory="OUTSIDE", task=["output.root=made"])
sweep_that(
    "tracking-in-the-directory",
    directory="OUTSIDE",
    task=["output.tracking=mlflow"],
    seconds=MLFLOW,
)
sweep_that("folder", hydra=["hydra.sweep.dir=OUTSIDE"])
sweep_that("subfolder", hydra=["hydra.sweep.subdir=OUTSIDE"])
sweep_that(
    "launcher-folder",
    hydra=["hydra/launcher=submitit_local", "hydra.launcher.submitit_folder=OUTSIDE/%j"],
)
sweep_that("joblib-folder", hydra=["hydra/launcher=joblib", "+hydra.launcher.temp_folder=OUTSIDE"])
sweep_that("relative-directory", directory="../../../..", task=[])
sweep_that("directory-of-a-zero", directory="a\0b")
sweep_that("name", task=["output.name=../../../outside/x"])
sweep_that("plots", task=["output.plots=png", "output.report=true"])


def tracked(place):
    """Plant a database of MLflow in which an experiment keeps its artifacts elsewhere."""
    from mlflow import MlflowClient

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy's, of MLflow's own code
        client = MlflowClient(tracking_uri=f"sqlite:///{place.outputs / 'mlflow.db'}")
        client.create_experiment("m", artifact_location=place.precious.as_uri())


def no_database(place):
    """Plant a database that is none of MLflow's."""
    database = sqlite3.connect(place.outputs / "mlflow.db")
    database.execute("create table experiments (name text)")
    database.close()


add(
    "outside",
    "tracking-no-database",
    no_database,
    "run input.samples=5 output.name=m output.tracking=mlflow output.report=false",
    statuses=HARMLESS,
    seconds=MLFLOW,
)
add(
    "outside",
    "tracking-database",
    tracked,
    "run input.samples=5 output.name=m output.tracking=mlflow output.report=false",
    statuses=HARMLESS,
    seconds=MLFLOW,
)
add(
    "outside",
    "tracking-database-is-a-link",
    lambda place: link(place.outputs / "mlflow.db", place),
    "run input.samples=5 output.name=m output.tracking=mlflow output.report=false",
    statuses=HARMLESS,
    seconds=MLFLOW,
)


def study_log(place, *lines):
    """Write the journal of a study."""
    with (place.study / "study.log").open("ab") as file:
        file.writelines(line + b"\n" for line in lines)


JOB = b'{"op_code": 8, "worker_id": "x", "trial_id": 0, "user_attr": {"job": %s}}'
for name, lines in {
    "no-json": [b"nothing"],
    "no-object": [b"[1]"],
    "unknown-operation": [b'{"op_code": 99, "worker_id": "x"}'],
    "deep": [b"[" * 100_000],
    "job-that-climbs": [JOB % b'"../../../../outside/x"'],
    "job-below-zero": [JOB % b"-7"],
    "job-of-a-mapping": [JOB % b'{"a": 1}'],
    "job-without-end": [JOB % (b"9" * 4000)],
}.items():
    add(
        "outside",
        f"study-{name}",
        partial(lambda place, lines: study_log(place, *lines), lines=lines),
        "runs resume o/1",
        statuses=HARMLESS,
    )


# Folders that others may write to


def of_others(place, names, of="sweep"):
    """Have a folder be writable by all, and files in it belong to another user."""
    folder = getattr(place, of)
    folder.chmod(0o1777)
    for name in names:
        path = folder / name
        if not path.exists():
            path.write_text("")
        if root():
            os.chown(path, 65534, 65534)
            path.chmod(0o666)


add(
    "outside",
    "others-sweep",
    partial(of_others, names=("multirun.yaml", "sweep.csv")),
    RESUME,
    statuses=HARMLESS,
)
add(
    "outside",
    "others-log",
    partial(of_others, names=("run.log",), of="shards"),
    "runs resume d/1",
    statuses=HARMLESS,
)
add(
    "outside",
    "others-study",
    partial(of_others, names=("study.log",), of="study"),
    "runs resume o/1",
    statuses=HARMLESS,
)


def unchanged(place, said, path="shards"):
    """Assert that the file of another user is as it was."""
    assert (getattr(place, path) / "run.log").read_text() == ""


# Numbers of jobs

for name in ("٣", "00000000000000000000000000001", "9" * 200, "007", "-1", "1e9"):
    add(
        "outside",
        f"job-{len(name)}-{ord(name[0])}",
        partial(lambda place, name: (place.sweep / "runs" / name).mkdir(), name=name),
        RESUME,
        "runs show s/1",
        "runs verify s/1",
        "report s/1",
        statuses=HARMLESS,
    )


# Races: a folder is changed for a link between a check and its use

EXCHANGE = 2
libc = ctypes.CDLL(None, use_errno=True)


def swap(one, other):
    """Exchange two names in one step; see renameat2(2)."""
    at = -100
    libc.renameat2(at, os.fsencode(one), at, os.fsencode(other), EXCHANGE)


def racing(name, of, inside, *commands, target="precious"):
    """Add a race over a folder or a file of a run."""

    def build(place):
        races = place.base / "races"
        races.mkdir()
        (races / "link").symlink_to(getattr(place, target))

    def race(place):
        swap(getattr(place, of) / inside, place.base / "races" / "link")

    add("outside", f"race-{name}", build, *commands, statuses=HARMLESS, race=race)


racing("job", "sweep", "runs/001", RESUME, RESUME)
racing("runs", "sweep", "runs", RESUME, RESUME)
racing("sweep", "sweep", ".", RESUME)
racing("table", "sweep", "sweep.csv", RESUME, target="file")
racing("manifest-of-a-job", "sweep", "runs/001/run.log", RESUME, target="file")
racing("results", "shards", "results", "runs resume d/1")
racing("removal", "run", "../v0002", "runs remove a/2 --yes", "runs gc --yes")
racing("name", "run", "../../a", "runs remove a/1 --yes", "runs gc --yes", "runs rerun a/2")
racing("verify", "run", "results.h5", "runs verify a/1", "report a/1", FROM_RUN, target="file")
racing("checkpoint", "trained", "checkpoint.h5", GO_ON, target="file")

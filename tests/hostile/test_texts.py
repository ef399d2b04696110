"""Texts of a run that a terminal, a spreadsheet or a page would obey; each goes to every sink."""

import csv
import json
import shutil

import pytest

import nnpipe
from nnpipe.app.main import main
from nnpipe.cli.commands import runs
from nnpipe.report.command import main as report
from nnpipe.runs.inspect.sweep import add_row, read_jobs, read_overrides
from nnpipe.runs.store.folder import Folder

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\ud800\u202e=cmd|' /C calc'!A0"
CONTROLS = set(map(chr, [*range(9), *range(11, 32), *range(127, 160), 0xD800, 0x202E]))


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    root = tmp_path_factory.mktemp("genuine")
    config = {
        "architecture": {"sizes": [3, 2]},
        "input": {"samples": 5, "features": 2},
        "output": {"root": str(root), "name": "a", "report": False},
    }
    with nnpipe.run(config) as run:
        return run.path


def stain(folder):
    """Put a text wherever a manifest has one that nothing checks."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest |= {"error": EVIL, "started": EVIL, "ended": EVIL, "git_commit": EVIL}
    manifest |= {"source_run": EVIL, "dtype": EVIL, "software": {EVIL: EVIL}}
    manifest["input"] |= {"path": EVIL, "kind": EVIL, "dtype": EVIL}
    manifest["seconds"][EVIL] = 1.0
    manifest["metrics"][EVIL] = EVIL
    manifest["metrics"]["evaluation"] = {"input": EVIL, "accuracy": 0.5, "samples": 3}
    manifest["blas"] = [{EVIL: EVIL, "name": EVIL}]
    for layer in manifest["network"]:
        layer["name"] = EVIL
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def folder(genuine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(genuine, tmp_path / "outputs" / "b" / "v0001")
    folder = shutil.copytree(genuine, tmp_path / "outputs" / "a" / "v0001")
    stain(folder)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["list"],
        ["show", "a/1"],
        ["verify", "a/1"],
        ["diff", "a/1", "b/1"],
        ["rerun", "a/1"],
        ["resume", "a/1"],
        ["list", "--json"],
        ["show", "a/1", "--json"],
        ["verify", "a/1", "--json"],
        ["diff", "a/1", "b/1", "--json"],
    ],
)
def test_no_command_hands_on_what_a_terminal_obeys(folder, capsys, command):
    runs(command)
    said = "".join(capsys.readouterr())
    assert said
    assert not CONTROLS & set(said)
    said.encode()
    if "--json" in command:
        assert said.isascii()
        json.loads(said)


@pytest.fixture
def sweep(genuine, tmp_path):
    """Return a sweep of two jobs, of which one is stained and the other was killed."""
    folder = tmp_path / "outputs" / "a" / "v0001"
    (folder / "runs" / "001").mkdir(parents=True)
    job = shutil.copytree(genuine, folder / "runs" / "000")
    stain(job)
    typed = ["seed=1", f"{EVIL}={EVIL}", "input.rows.start=-1", "output.name==HYPERLINK(1)"]
    (job / "overrides.yaml").write_text(json.dumps(typed))
    (folder / "sweep.yaml").write_text(
        json.dumps(
            {
                "started": EVIL,
                "directory": "/nowhere",
                "task": ["seed=1,2"],
                "hydra": ["hydra.mode=MULTIRUN", EVIL],
                "config": {},
                "params": {},
            }
        )
    )
    return folder


def test_a_sweep_hands_on_nothing_that_a_terminal_obeys(sweep, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for command in (["show", "a/1"], ["show", "a/1", "--json"], ["resume", "a/1"], ["list"]):
        runs(command)
        said = "".join(capsys.readouterr())
        assert said
        assert not CONTROLS & set(said), command


def put_row(sweep, job):
    with Folder.open(sweep) as folder:
        add_row(folder, job)


def test_the_table_of_a_sweep_holds_no_formula_and_is_read_back(sweep):
    put_row(sweep, "000")
    once = (sweep / "sweep.csv").read_bytes()
    put_row(sweep, "001")
    put_row(sweep, "000")
    again = (sweep / "sweep.csv").read_bytes()
    text = again.decode()
    assert not CONTROLS & set(text)
    head, first, second = csv.reader(text.splitlines())
    row = dict(zip(head, first, strict=True))
    assert (row["job"], row["seed"], row["input.rows.start"]) == ("000", "1", "-1")
    assert row["output.name"] == "'=HYPERLINK(1)"
    assert second[0] == "001"
    cells = [*head, *first, *second]
    assert [cell for cell in cells if cell[:1] in {"=", "+", "@"}] == []
    put_row(sweep, "000")
    assert (sweep / "sweep.csv").read_bytes() == again != once


@pytest.mark.parametrize("table", [b"\xff", b'"', b"job\n", b"job,a\nx,1\n", b"a,b\n1\n", b""])
def test_a_table_that_is_not_ours_is_written_again(sweep, table):
    (sweep / "sweep.csv").write_bytes(table)
    put_row(sweep, "001")
    assert (sweep / "sweep.csv").read_text().splitlines()[1].startswith("001,")


def test_a_page_of_strange_texts_is_a_page(folder, tmp_path, capsys):
    pytest.importorskip("jinja2", reason="the extra nnpipe[report] is not installed")
    page = tmp_path / "page.html"
    assert report(["a/1", "--to", str(page)]) == 0
    assert not CONTROLS & set(page.read_text(encoding="utf-8"))
    assert not CONTROLS & set("".join(capsys.readouterr()))


def test_the_page_of_a_sweep_of_strange_texts_is_a_page(sweep, tmp_path, monkeypatch, capsys):
    pytest.importorskip("jinja2", reason="the extra nnpipe[report] is not installed")
    monkeypatch.chdir(tmp_path)
    manifest = json.loads((sweep / "runs" / "000" / "manifest.json").read_text())
    (sweep / "manifest.json").write_text(json.dumps(manifest | {"kind": "sweep", "artifacts": {}}))
    page = tmp_path / "page.html"
    assert report(["a/1", "--to", str(page)]) == 0
    assert not CONTROLS & set(page.read_text(encoding="utf-8"))


def test_the_program_and_the_log_of_a_run_hand_on_nothing_either(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([f"architecture.run={EVIL[:20]}"]) == 2
    said = "".join(capsys.readouterr())
    assert said
    assert not CONTROLS & set(said)


def test_jobs_behind_links_are_not_read(sweep, genuine, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(sweep / "runs" / "001")
    (sweep / "runs" / "001").symlink_to(genuine)
    rows = read_jobs(sweep)
    assert [(row["job"], row["status"]) for row in rows] == [
        ("000", "complete"),
        ("001", "damaged"),
    ]
    shutil.move(sweep / "runs", tmp_path / "elsewhere")
    (sweep / "runs").symlink_to(tmp_path / "elsewhere")
    assert read_jobs(sweep) == []
    assert runs(["verify", "a/1"]) == 1
    assert capsys.readouterr().out == (
        f"{sweep}/runs: it is a link; expected a folder.\n".replace(f"{tmp_path}/", "")
    )
    assert runs(["show", "a/1/0"]) == 2
    assert capsys.readouterr().err.endswith("runs: it is a link; expected a folder of the sweep.\n")


def test_what_was_typed_for_a_job_is_not_read_through_a_link(sweep, genuine):
    (sweep / "runs" / "002").symlink_to(genuine)
    assert read_overrides(genuine) == {}
    (genuine / "overrides.yaml").write_text("[seed=9]\n")
    try:
        assert read_overrides(genuine) == {"seed": "9"}
        assert read_overrides(sweep / "runs" / "002") == {}
    finally:
        (genuine / "overrides.yaml").write_text("[]\n")

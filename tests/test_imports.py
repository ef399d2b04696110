"""Data walks through the rooms in one direction, and what is not used is not imported."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnpipe

PACKAGE = Path(nnpipe.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# From left to right: a room imports only from rooms on its left; those of one place not each other.
ORDER = (
    {"errors"},
    {"config", "system"},
    {"hdf5", "network"},
    {"sources", "engines"},
    {"training", "runs"},
    {"stages"},
    {"report", "distributed"},
    {"pipeline"},
    {"app"},
    {"cli"},
)
PLACES = {room: place for place, rooms in enumerate(ORDER) for room in rooms}


def modules(file):
    """Return the dotted names that a file imports, those in functions and for types too."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, level):
                assert level == 0, f"{file}: a relative import"
                yield from (f"{module}.{alias.name}" for alias in names)


def room_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_room_has_its_place_in_the_order():
    rooms = {room_of(file) for file in FILES} - {"__init__"}
    assert rooms - set(PLACES) == set(), "give it a place in ORDER"
    assert set(PLACES) - rooms == set(), "take it out of ORDER"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_on_its_left(file):
    room = room_of(file)
    if room == "__init__":
        return
    parts = [name.split(".") for name in modules(file)]
    imported = {part[1] for part in parts if part[0] == "nnpipe"} - {room}
    wrong = {other for other in imported if PLACES.get(other, len(ORDER)) >= PLACES[room]}
    assert wrong == set()


def test_no_module_lies_beside_the_rooms():
    loose = {file.name for file in PACKAGE.glob("*.py")}
    assert loose == {"__init__.py", "errors.py"}


def test_no_modules_import_each_other_in_a_circle():
    names = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in FILES}
    names = {name.removesuffix(".__init__") for name in names}
    waiting = {}
    for file in FILES:
        name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        found = {full if full in names else full.rpartition(".")[0] for full in modules(file)}
        waiting[name.removesuffix(".__init__")] = found & names
    while ready := [name for name, needs in waiting.items() if not needs & waiting.keys() - {name}]:
        for name in ready:
            del waiting[name]
    assert waiting.keys() == set()


def test_modules_and_functions_are_short():
    long = {file: n for file in FILES if (n := len(file.read_text().splitlines())) > 300}
    nodes = [node for file in FILES for node in ast.walk(ast.parse(file.read_text()))]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    long |= {f.name: n for f in functions if (n := f.end_lineno - f.lineno + 1) > 60}
    assert long == {}


@pytest.mark.parametrize("file", sorted((PACKAGE / "runs" / "store").glob("*.py")), ids=str)
def test_the_store_of_runs_knows_nothing_of_their_inspection(file):
    assert not [name for name in modules(file) if name.startswith("nnpipe.runs.inspect")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_the_app_knows_hydra(file):
    packages = {name.split(".")[0] for name in modules(file)}
    assert room_of(file) == "app" or not packages & {"hydra", "omegaconf"}


def imported_by(program, folder):
    """Return the top-level names of what a fresh interpreter has imported after a program."""
    program += "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    return {name.split(".")[0] for name in json.loads(result.stdout)}


def test_the_package_alone_imports_nothing_that_is_slow(tmp_path):
    imported = imported_by("import nnpipe", tmp_path)
    assert "nnpipe" in imported
    assert imported & {"numpy", "h5py", "hydra", "omegaconf", "yaml", "rich"} == set()


RUN = """
import nnpipe
nnpipe.run({"input": {"samples": 2, "features": 3}, "architecture": {"sizes": [2]}}).close()
"""

# What the program alone needs, and what is an option or an example of the documentation.
NOT_NEEDED = {
    "dask", "h5netcdf", "hydra", "joblib", "matplotlib", "omegaconf", "pandas", "pooch", "rich",
    "scipy", "sklearn", "torch", "xarray",
}  # fmt: skip


def test_a_run_as_a_library_needs_neither_hydra_nor_any_option(tmp_path):
    imported = imported_by(RUN, tmp_path)
    assert (tmp_path / "outputs" / "default" / "v0001" / "manifest.json").is_file()
    assert {"numpy", "h5py"} <= imported
    assert imported & NOT_NEEDED == set()

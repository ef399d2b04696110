"""Files are read and text is written through a few doors, which these tests read the source for.

What a stranger may have made is read through two of them: `nnpipe/hdf5/` for HDF5, and
`nnpipe.system.files.open_regular` for everything else, mostly by `nnpipe.system.documents`.
"""

import ast
from pathlib import Path

import pytest

import nnpipe

PACKAGE = Path(nnpipe.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# Which calls stand where, and why. `open` is any call of that name that opens a path.
DOORS = {
    "system/files.py": {"os.open", "open"},  # the door itself: `open_regular`
    "hdf5/opening.py": {"h5py.File"},  # the door to HDF5
    "hdf5/probe.py": {"os.open", "read_text"},  # /dev/null, and /proc/self/statm
    "stages/memory.py": {"read_text"},  # /proc/self/status
    "report/page.py": {"read_text"},  # the package's own templates
    "system/hdf5_writer.py": {"h5py.File"},  # writes a new file, which a folder has opened
    "runs/store/folder.py": {"open", "os.open"},  # the door to all that is written
    "runs/store/lock.py": {"os.open"},  # locks, and reads nothing
}

READERS = {"read_text", "read_bytes"}
FORBIDDEN = {
    "h5py.File", "os.open", "io.open", "gzip.open", "np.load", "np.fromfile", "np.memmap",
    "np.loadtxt", "np.genfromtxt", "json.load", "yaml.safe_load", "pickle.load", "pickle.loads",
}  # fmt: skip

# Modules and classes whose function `open` opens no file by its path.
NO_FILES = {"h5a", "h5d", "Folder"}


def dotted(node):
    """Return the dotted name of an expression, as far as it is one."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, name):
            return f"{dotted(value)}.{name}"
        case _:
            return ""


def openings(tree):
    """Yield the calls by which a module opens or reads files by their paths, with their lines."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        last = name.rpartition(".")[2]
        if name == "open" or name in FORBIDDEN:
            yield name, node.lineno
        elif last == "open" and name.split(".")[0] not in NO_FILES and name.count("."):
            yield ".open", node.lineno
        elif last in READERS and isinstance(node.func, ast.Attribute):
            yield last, node.lineno


# What changes something by its path stands in `runs/store/folder.py`, but for these.
CHANGES = {
    "mkdir", "makedirs", "unlink", "rmdir", "rmtree", "write_text", "write_bytes", "touch",
    "symlink_to", "hardlink_to", "rename", "savefig", "os.replace", "os.symlink", "os.remove",
    "os.chmod", "chmod", "shutil.move", "shutil.copy", "shutil.copytree", "shutil.copyfile",
}  # fmt: skip
CHANGERS = {
    "runs/store/claim.py": {"mkdir"},  # the folders above a run, which the user names
    "app/sweep.py": {"rmdir", "rmtree"},  # a folder just claimed; a private temporary one
    "report/command.py": {"mkdir"},  # the folder for plots, which the user names
    "runs/inspect/removal.py": {"rename"},  # the method of a folder
    "report/png.py": {"savefig"},  # into a file that a folder has opened
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_runs_are_changed_at_one_door_alone(file):
    name = str(file.relative_to(PACKAGE))
    if name == "runs/store/folder.py":
        return
    calls = [
        dotted(n.func) for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Call)
    ]
    found = {c for c in calls if c in CHANGES or ("." in c and c.rpartition(".")[2] in CHANGES)}
    assert {c.rpartition(".")[2] for c in found} <= CHANGERS.get(name, set()), found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_files_are_opened_at_the_doors_alone(file):
    name = str(file.relative_to(PACKAGE))
    found = [
        (call, line)
        for call, line in openings(ast.parse(file.read_text()))
        if call not in DOORS.get(name, ())
    ]
    assert found == []


def test_every_door_is_in_use():
    for name, calls in DOORS.items():
        found = {call for call, _ in openings(ast.parse((PACKAGE / name).read_text()))}
        assert calls <= found, name


# Which modules look into HDF5 files by name, beside `nnpipe/hdf5/`: those that write new files, and
# the reading of what `open_artifact` has opened, by its root alone.
WRITERS = {
    "runs/store/axes.py", "runs/store/parameters.py", "runs/store/results.py",
    "training/checkpoint.py", "training/history.py",
}  # fmt: skip


def lookups(tree):
    """Yield the lines in which a file or a group is indexed by a name other than its root."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(ast.Name(name), index) if name in {"file", "opened", "group"}:
                # An entity of a crate is called a file too.
                known = isinstance(index, ast.Constant) and str(index.value) in {"/", "@id"}
                if not known:
                    yield node.lineno
            case ast.Subscript(ast.Attribute(_, "_file" | "results" | "file")):
                yield node.lineno
            case _:
                pass


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_hdf5_files_are_looked_into_by_their_door_alone(file):
    name = str(file.relative_to(PACKAGE))
    if not name.startswith("hdf5/") and name not in WRITERS:
        assert list(lookups(ast.parse(file.read_text()))) == []


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("open('x')", ["open"]),
        ("Path('x').open()", [".open"]),
        ("path.read_text()", ["read_text"]),
        ("(folder / 'x').read_bytes()", ["read_bytes"]),
        ("h5py.File('x')", ["h5py.File"]),
        ("np.load('x'); json.load(file)", ["np.load", "json.load"]),
        ("h5a.open(x, b'')", []),
        ("open_regular('x')", []),
    ],
)
def test_the_test_sees_what_opens_a_file(text, calls):
    assert [call for call, _ in openings(ast.parse(text))] == calls


def test_the_test_sees_what_looks_into_a_file():
    found = lookups(ast.parse("file['x'][()]\nself._file[name]\nfile['/']"))
    assert sorted(found) == [1, 2]


# Where text leaves the program. Only what stands here may write, and it makes the text printable.
WRITES = {"cli/main.py", "cli/commands.py", "report/command.py", "app/main.py", "app/study.py"}


def writes(tree):
    """Yield the calls that write a text to a terminal, each with whether it is printable."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name == "print" or name.startswith("traceback.print"):
                yield node.lineno, False
            elif name in {"sys.stdout.write", "sys.stderr.write", "sys.stdout.writelines"}:
                constants = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
                names = {n.id for n in constants} - {"sys"}
                safe = {"printable", "to_json"} & names
                yield node.lineno, bool(safe) or names <= {"USAGE", "package_version"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_what_is_written_to_a_terminal_is_printable(file):
    found = list(writes(ast.parse(file.read_text())))
    assert [line for line, safe in found if not safe] == []
    assert not found or str(file.relative_to(PACKAGE)) in WRITES


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("print(x)", False),
        ("sys.stderr.write(str(error))", False),
        ("traceback.print_exception(error)", False),
        ("sys.stdout.write(f'{printable(x)}')", True),
        ("sys.stdout.write('constant')", True),
    ],
)
def test_the_test_sees_what_writes(text, safe):
    assert [found for _, found in writes(ast.parse(text))] == [safe]

"""What an attack is, and what attacks are made of: links, pipes, holes, forged documents.

An attack is held if nothing is executed, nothing beside the runs is touched, and the command ends
in time, in little memory, and with no more than a line of error. The attacks themselves are in
executing.py, touching.py, claiming.py and saying.py, by what they would do if they were not held.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import yaml

from tests.hostile.limits import SECONDS
from tests.hostile.place import Place

REFUSED = frozenset({2})
FAILS = frozenset({1, 2})
HARMLESS = frozenset({0, 1, 2})


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes
    ----------
    name : str
        Of the test.
    kind : str
        The kind of fault: what it would do if it were not held.
    build : callable
        Makes the hostile files in a place.
    commands : sequence of sequence of str
        What a user types, in the working folder of the place.
    statuses : set of int
        How the commands may end.
    check : callable, optional
        What has to be true of the place at the end, and what is asserted of what was printed.
    race : callable, optional
        Is called again and again in a thread while the commands run.
    environment : dict of str
        Variables for the commands; ``{base}`` is the folder of the place.
    seconds : int
        How long each command may take.
    """

    name: str
    kind: str
    build: Callable[[Place], object]
    commands: Sequence[Sequence[str]]
    statuses: frozenset[int] = FAILS
    check: Callable[[Place, str], None] | None = None
    race: Callable[[Place], None] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    seconds: int = SECONDS


ATTACKS: list[Attack] = []


def add(kind, name, build, *commands, **given):
    """Put an attack into the corpus; a command may be written as one text."""
    split = [line.split() if isinstance(line, str) else list(line) for line in commands]
    ATTACKS.append(Attack(f"{kind}-{name}", kind, build, split, **given))


# What is done to files


def clear(path):
    """Take away whatever is at a path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)


def link(path, place):
    """Put a link to a canary in the place of a file or a folder."""
    folder = path.is_dir() or path.name in ("results", "runs", ".submitit")
    clear(path)
    path.symlink_to(place.precious if folder else place.file)


def dangling(path, place):
    """Put a link to what does not exist yet beside the canaries."""
    clear(path)
    path.symlink_to(place.base / "outside" / "new")


def hard_link(path, place):
    """Put a second name of the canary file."""
    clear(path)
    os.link(place.file, path)


def pipe(path, place):
    """Put a FIFO, which is waited for when it is opened."""
    clear(path)
    os.mkfifo(path)


def listener(path, place):
    """Put the socket of nobody."""
    clear(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as one:  # the path itself may be too long
            one.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def directory(path, place):
    """Put a folder in the place of a file, and a file in the place of a folder."""
    folder = path.is_dir()
    clear(path)
    if folder:
        path.write_text("no folder\n")
    else:
        (path / "inside").mkdir(parents=True)


def sparse(path, place):
    """Put a file of 4 TB of which nothing is stored."""
    clear(path)
    with path.open("wb") as file:
        file.truncate(1 << 42)


def zeros(path, place):
    """Put a link to /dev/zero, or the device itself where root may make one."""
    clear(path)
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except OSError:
        path.symlink_to("/dev/zero")


TRICKS = (link, dangling, hard_link, pipe, listener, directory, sparse, zeros)


def forge(folder, **changes):
    """Bring the checksums of a run's manifest in order, and change fields of it."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, artifact in manifest["artifacts"].items():
        content = (folder / name).read_bytes()
        artifact |= {"size": len(content), "sha256": sha256(content).hexdigest()}
    path.write_text(json.dumps(manifest | changes))


def forge_stub(folder, name, size):
    """Write a file's size into the manifest with a wrong checksum, for a file too long to read."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["artifacts"][name] = {"size": size, "sha256": "0" * 64}
    path.write_text(json.dumps(manifest))


def edit_sweep(sweep, **changes):
    """Change what a sweep says it was asked to do; lists are added to."""
    path = sweep / "sweep.yaml"
    content = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        content[key] = content[key] + value if isinstance(value, list) else value
    path.write_text(yaml.safe_dump(content, allow_unicode=True))


def edit_config(run, edit):
    """Change a stored config, behind a checksum that is brought in order."""
    path = run / "config.yaml"
    config = yaml.safe_load(path.read_text())
    edit(config)
    path.write_text(yaml.safe_dump(config, allow_unicode=True))
    forge(run)


def download(place, **files):
    """Write files of a downloaded config folder; `__` in a name is a slash."""
    for name, text in files.items():
        path = place.downloaded / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = text.replace("PROOF", str(place.proof)).replace("PORT", str(place.process.port))
        path.write_text(text.replace("OUTSIDE", str(place.base / "outside")))


def write_module(path, place):
    """Write a Python module that leaves a proof when it is imported."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"open({str(place.proof)!r}, 'w').close()\n")


def root():
    """Tell whether the tests run as root, who can give files away."""
    return os.geteuid() == 0


Builder = Callable[[Place], object]
Trick = Callable[[Path, Place], None]

"""Nobody but its own processes gets anything from a Dask cluster that a run has started."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
from pathlib import Path

import pytest

from tests.processes import RUN, descendants, programs, wait_for

pytest.importorskip("distributed", reason="needs nnpipe[dask]")
from distributed.security import Security

pytestmark = pytest.mark.slow

NOBODY = 65534
LISTENING = "0A"
UNIX_LISTENING = 1 << 16
PAGES = ("/", "/status", "/health", "/metrics", "/json/identity.json", "/info/main/workers.html")


@pytest.fixture
def sockets(tmp_path):
    """Start a run on a local cluster, and return where its processes listen, once it works."""
    with programs(tmp_path, OPENBLAS_NUM_THREADS="1") as start:
        samples = ("input.samples=400000", "input.features=12", "engine.batch_size=4096")
        run = start(*RUN, *samples, "architecture.sizes=[16,4]", "engine=dask", "engine.workers=2")
        wait_for(tmp_path / "outputs" / "default" / "v0001" / "results" / "part-00000.json")
        yield listening([run.pid, *descendants(run.pid)])


def listening(pids):
    """Return the addresses at which processes listen: (host, port), or the name of a socket."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for name, loopback in (("tcp", "127.0.0.1"), ("tcp6", "::1")):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENING and inode in inodes:
                found.add((loopback, int(local.rpartition(":")[2], 16)))
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        _, _, _, flags, _, _, inode, *path = line.split()
        if int(flags, 16) & UNIX_LISTENING and inode in inodes:
            found.add(path[0].replace("@", "\0", 1))
    return sorted(found, key=str)


def connect(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    connection = socket.socket(family)
    connection.settimeout(2)
    connection.connect(address)
    return connection


def heard(address, said=b"", context=None):
    """Return what a listener answers, in the clear or encrypted."""
    with contextlib.suppress(OSError), connect(address) as plain:
        connection = plain if context is None else context.wrap_socket(plain)
        if said:
            connection.sendall(said)
        return connection.recv(4096)
    return b""


def ask_everything(address, anonymous, certified):
    """Try to get something out of a listener; return every answer."""
    answers = {
        "a greeting of Dask": heard(address),
        "a greeting without a certificate": heard(address, context=anonymous),
        "a greeting with a certificate": heard(address, context=certified),
    }
    for page in PAGES:
        request = f"GET {page} HTTP/1.0\r\n\r\n".encode()
        answers[page] = heard(address, request)
        answers[f"{page}, encrypted"] = heard(address, request, certified)
    return {name: answer.decode("latin-1") for name, answer in answers.items() if answer}


def client_context(certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


def as_nobody(function, *arguments):
    """Return what a function returns in a process of another user, if this one may change."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            with open(sender, "w") as file:
                json.dump(function(*arguments), file)
        finally:
            os._exit(0)
    os.close(sender)
    with open(receiver) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text)


def test_another_user_gets_nothing_from_any_socket_of_a_run(sockets, tmp_path):
    made = Security.temporary()
    (tmp_path / "own.pem").write_text(made.tls_client_key + made.tls_client_cert)
    anonymous, certified = client_context(), client_context(tmp_path / "own.pem")
    # The scheduler, two nannies and two workers; the pages of the scheduler and the workers.
    assert len(sockets) == 8
    assert {host for host, _ in sockets} == {"127.0.0.1"}
    for address in sockets:
        answers = as_nobody(ask_everything, address, anonymous, certified)
        assert answers.keys() <= {*PAGES}
        for answer in answers.values():
            assert answer.startswith("HTTP/1.0 404 ")
            assert "dask" not in answer
            assert "127.0.0.1" not in answer

"""Find where processes listen, and try as another user to get something from there."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NOBODY = 65534
LISTENING = "0A"
UNIX_LISTENING = 1 << 16
PAGES = ("/", "/status", "/health", "/metrics", "/json/identity.json", "/info/main/workers.html")


def listening(pids):
    """Return the addresses at which processes listen: (host, port), or the name of a socket."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for family, name in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENING and inode in inodes:
                host, port = local.split(":")
                words = struct.unpack(f">{len(host) // 8}I", bytes.fromhex(host))
                packed = struct.pack(f"={len(words)}I", *words)
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        _, _, _, flags, _, _, inode, *path = line.split()
        if int(flags, 16) & UNIX_LISTENING and inode in inodes:
            found.add(path[0].replace("@", "\0", 1))
    return sorted(found, key=str)


def answers(address, certificate):
    """Return, as texts, what a listener answers to another user, who has a certificate of his own.

    It is asked in the clear and encrypted, with the certificate and without, for a greeting such
    as Dask's and for pages.
    """
    own = _context(certificate)
    asked = {"greeting": (b"", None), "anonymous": (b"", _context()), "certified": (b"", own)}
    for page in PAGES:
        request = f"GET {page} HTTP/1.0\r\n\r\n".encode()
        asked |= {page: (request, None), f"{page}, encrypted": (request, own)}

    def ask():
        with ThreadPoolExecutor(len(asked)) as threads:
            heard = threads.map(lambda how: _heard(address, *how), asked.values())
            named = zip(asked, heard, strict=True)
            return {name: answer.decode("latin-1") for name, answer in named if answer}

    return _as_nobody(ask)


def _context(certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


def _heard(address, said, context):
    if isinstance(address, str):
        family = socket.AF_UNIX
    else:
        address = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0]), address[1])
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family) as plain:
        plain.settimeout(1)
        plain.connect(address)
        connection = plain if context is None else context.wrap_socket(plain)
        if said:
            connection.sendall(said)
        return connection.recv(4096)
    return b""


def _as_nobody(function):
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
                json.dump(function(), file)
        finally:
            os._exit(0)
    os.close(sender)
    with open(receiver) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text)

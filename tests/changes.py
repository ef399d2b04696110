"""Hear of each step that this process makes on the disk, also of those relative to a descriptor."""

import os
import sys
import threading
from collections.abc import Callable
from functools import wraps

# By event of Python's audit hooks: the functions of os that raise it, and where their arguments
# name what is changed.
STEPS = {
    "open": (("open",), (0,)),
    "os.mkdir": (("mkdir",), (0,)),
    "os.remove": (("unlink", "remove"), (0,)),
    "os.rename": (("rename", "replace"), (0, 1)),
    "os.rmdir": (("rmdir",), (0,)),
    "os.symlink": (("symlink",), (1,)),
}
DESCRIPTORS = ("dir_fd", "src_dir_fd", "dst_dir_fd")

_inside = threading.local()


def hear(step: Callable[[str, str, int], None]) -> None:
    """Have a function called before each step, with its event, its place, and the flags of `open`.

    The place is an absolute path. Python has no way to take an audit hook back, so this is for as
    long as the process lives.
    """
    for event, (names, places) in STEPS.items():
        for name in names:
            setattr(os, name, _resolving(getattr(os, name), event, places, step))

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event in STEPS and not getattr(_inside, "call", False):
            for place in STEPS[event][1]:
                if isinstance(arguments[place], str | bytes | os.PathLike):
                    path = os.path.abspath(os.fsdecode(arguments[place]))
                    step(event, path, (arguments[2] or 0) if event == "open" else 0)

    sys.addaudithook(audit)


def _resolving(function, event, places, step):
    """Return a function of os that tells of its steps relative to a descriptor before it does."""

    @wraps(function)
    def call(*arguments, **keywords):
        given = [keywords[name] for name in DESCRIPTORS if keywords.get(name) is not None]
        if not given:
            return function(*arguments, **keywords)
        for place in places:
            folder = os.readlink(f"/proc/self/fd/{given[min(place, len(given) - 1)]}")
            path = os.path.normpath(os.path.join(folder, os.fsdecode(arguments[place])))
            step(event, path, arguments[1] if event == "open" else 0)
        _inside.call = True
        try:
            return function(*arguments, **keywords)
        finally:
            _inside.call = False

    return call

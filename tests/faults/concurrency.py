"""Start runs at once into one name while two readers list: ``concurrency.py ROOT RUNS LISTINGS``.

It prints, as JSON, how often the readers saw each status, what they saw that cannot be, and how the
processes ended. It is a program of its own because it forks, which needs a process without threads.
"""

import json
import multiprocessing
import sys
from collections import Counter
from pathlib import Path

import nnpipe
from nnpipe.runs.inspect.listing import list_runs

READERS = 2
DONE = ".done"
FILES = ("manifest.json", "results.h5", "parameters.h5")


def start(root):
    output = {"root": str(root), "name": "a", "report": False}
    config = {"architecture": {"sizes": [3]}, "input": {"samples": 20, "features": 5}}
    nnpipe.run({**config, "output": output}).close()


def list_until(root, count, send):
    seen, wrong = Counter(), []
    while seen["listings"] < count or not (root / DONE).exists():
        rows = list_runs(root).data
        # Those before the first run are too easy to count.
        seen["listings"] += bool(rows)
        for row in rows:
            seen[row["status"]] += 1
            folder = root / "a" / f"v{row['version']:04d}"
            whole = all((folder / name).exists() for name in FILES)
            if row["status"] not in ("complete", "running"):
                wrong.append(f"{row['run']} is {row['status']}")
            if row["status"] == "complete" and not whole:
                wrong.append(f"{row['run']} is complete and not whole")
    send.send((dict(seen), wrong))


def main(root, runs, listings):
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(READERS)]
    readers = [
        context.Process(target=list_until, args=(root, listings // READERS, send))
        for _, send in pipes
    ]
    writers = [context.Process(target=start, args=(root,)) for _ in range(runs)]
    for process in (*readers, *writers):
        process.start()
    for process in writers:
        process.join()
    (root / DONE).touch()
    seen, wrong = Counter(), []
    for receive, _ in pipes:
        counted, found = receive.recv()
        seen.update(counted)
        wrong += found
    for process in readers:
        process.join()
    ended = [process.exitcode for process in (*readers, *writers)]
    sys.stdout.write(json.dumps({"seen": seen, "wrong": wrong, "ended": ended}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

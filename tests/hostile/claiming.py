"""Attacks that cost memory or time: files that claim more than they hold, or pack a lot."""

import gzip
import json
import os
import struct
import zlib
from functools import partial

import h5py
import numpy as np

from tests.hostile.corpus import (
    FAILS,
    HARMLESS,
    add,
    forge,
    forge_stub,
)
from tests.hostile.touching import FROM_RUN, GO_ON, READ

VERIFY = "runs verify a/1"
HDF5 = "run input=hdf5 input.path=x.h5 architecture.sizes=[2] output.report=false"


def altered(name, file, edit, *commands, of="run", statuses=FAILS):
    """Add an attack on an HDF5 file of a run, behind checksums that are in order."""

    def build(place):
        folder = getattr(place, of)
        with h5py.File(folder / file, "r+") as opened:
            edit(opened, place)
        if (folder / "manifest.json").exists():
            forge(folder)

    add("memory", name, build, *commands, statuses=statuses)


# Results


def huge_view(file, place):
    """Make /outputs a view of 10^10 rows of a part that holds none of them."""
    del file["outputs"]
    rows = 10**10
    layout = h5py.VirtualLayout((rows, 3), "f4")
    layout[:20] = h5py.VirtualSource("results/part-00000.h5", "outputs", (20, 3))
    file.create_virtual_dataset("outputs", layout)


def view(place):
    """Make the results a view, and put a part there that is in order."""
    parts = place.run / "results"
    parts.mkdir()
    with h5py.File(place.run / "results.h5", "r+") as file:
        (parts / "part-00000.h5").write_bytes((place.run / "results.h5").read_bytes())
        huge_view(file, place)
    manifest = json.loads((place.run / "manifest.json").read_text())
    manifest["artifacts"]["results/part-00000.h5"] = {"size": 0, "sha256": "0" * 64}
    manifest["metrics"]["samples"] = 10**10
    (place.run / "manifest.json").write_text(json.dumps(manifest))
    forge(place.run)


add(
    "memory",
    "view-of-many-rows",
    view,
    VERIFY,
    "runs show a/1",
    "report a/1",
    FROM_RUN,
    statuses=HARMLESS,
)


def sparse_outputs(place, rows=1 << 26, dataset="outputs", file="results.h5"):
    """Make a dataset of gigabytes of which the file stores a hole."""
    path = place.run / file
    with h5py.File(path, "r+") as opened:
        width = opened[dataset].shape[1]
        del opened[dataset]
        space = h5py.h5s.create_simple((rows, width))
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(opened.id, dataset.encode(), h5py.h5t.IEEE_F32LE, space, plist)
    manifest = json.loads((place.run / "manifest.json").read_text())
    manifest["metrics"]["samples"] = rows
    (place.run / "manifest.json").write_text(json.dumps(manifest))
    forge_stub(place.run, file, path.stat().st_size)


add(
    "memory",
    "sparse-results",
    sparse_outputs,
    VERIFY,
    "runs show a/1",
    "report a/1",
    statuses=HARMLESS,
)


def sparse_small(place):
    """As before, small enough that its checksum is in order: 400 MB."""
    sparse_outputs(place, rows=32 << 20)
    forge(place.run)


add(
    "memory",
    "sparse-results-with-a-checksum",
    sparse_small,
    VERIFY,
    "report a/1",
    statuses=HARMLESS,
)


def long_outputs(file, place):
    """Store more rows than the manifest says."""
    del file["outputs"]
    file.create_dataset("outputs", (1 << 20, 3), "f4", chunks=(1 << 16, 3))


altered("unstored-results", "results.h5", long_outputs, VERIFY)
altered("unstored-results-drawn", "results.h5", long_outputs, "report a/1", statuses=HARMLESS)


def confusion(file, place):
    """Add what the page shows, without a bound."""
    file.create_dataset("confusion_matrix", (1 << 16, 1 << 16), "i8", chunks=(1 << 10, 1 << 10))
    file.create_dataset("predictions", (1 << 34,), "i8", chunks=(1 << 20,))
    file.create_dataset("activations/hidden1", (1 << 34, 4), "f4", chunks=(1 << 16, 4))


altered(
    "unstored-datasets", "results.h5", confusion, "runs verify a/1", "report a/1", statuses=HARMLESS
)

for name, neurons in {"digits": 10**4000, "below-zero": -1, "billion": 10**9}.items():

    def build(place, neurons=neurons):
        layers = [
            {"name": "hidden1", "activation": "sigmoid", "inputs": 5, "neurons": neurons},
            {"name": "output", "activation": "sigmoid", "inputs": neurons, "neurons": 3},
        ]
        forge(place.run, network=layers)

    def not_sound(place, said):
        assert "sound" not in said

    add("memory", f"neurons-{name}", build, VERIFY, statuses=FAILS, check=not_sound)
    add(
        "memory",
        f"neurons-{name}-shown",
        build,
        "runs show a/1",
        "runs list",
        "report a/1",
        statuses=HARMLESS,
    )

METRICS = {
    "nested": {"a": [[[[1]]]]},
    "of-texts": {"accuracy": "x" * 10**6, "samples": "y"},
    "of-integers": {"accuracy": 10**4200, "samples": 10**4200, "outputs": {"mean": 10**4200}},
    "of-mappings": {
        "outputs": {"mean": {}, "std": []},
        "evaluation": {"input": {}, "accuracy": []},
    },
    "of-a-training": {"training": {"epochs": 10**9, "loss": []}, "jobs": 10**30, "complete": []},
    "many": {f"k{number}": number for number in range(90_000)},
}
for name, metrics in METRICS.items():
    add(
        "memory",
        f"metrics-{name}",
        partial(lambda place, metrics: forge(place.run, metrics=metrics), metrics=metrics),
        *READ,
        statuses=HARMLESS,
    )

    def in_a_sweep(place, metrics=metrics):
        forge(place.sweep / "runs" / "000", metrics=metrics)

    add(
        "memory",
        f"metrics-{name}-in-a-sweep",
        in_a_sweep,
        "runs resume s/1",
        "runs show s/1",
        "report s/1",
        statuses=HARMLESS,
    )

for name, value in {"started": "9" * 100_000, "ended": "-1", "git_commit": "x" * 10**6}.items():
    add(
        "memory",
        f"manifest-{name}",
        partial(lambda place, given: forge(place.run, **given), given={name: value}),
        *READ,
        statuses=HARMLESS,
    )


# Checkpoints


def replaced(file, name, *arguments, **options):
    del file[name]
    return file.create_dataset(name, *arguments, **options)


def linked_outside(file, place):
    other = place.trained / "other.h5"
    with h5py.File(other, "w") as more:
        more["x"] = file["parameters"][()]
    del file["parameters"]
    file["parameters"] = h5py.ExternalLink("other.h5", "/x")


def linked_to_a_pipe(file, place):
    os.mkfifo(place.trained / "pipe.h5")
    del file["parameters"]
    file["parameters"] = h5py.ExternalLink("pipe.h5", "/x")


def virtual(file, place):
    size = file["parameters"].shape
    with h5py.File(place.trained / "other.h5", "w") as more:
        more["x"] = file["parameters"][()]
    del file["parameters"]
    layout = h5py.VirtualLayout(size, "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", size)
    file.create_virtual_dataset("parameters", layout)


def raw(file, place):
    size = file["parameters"].shape
    replaced(file, "parameters", size, "f4", external=[("/etc/passwd", 0, 4 * size[0])])


def nothing_stored(file, place):
    replaced(file, "parameters", (1 << 32,), "f4", chunks=(1 << 20,), fillvalue=0.5)


def bomb(file, place):
    made = replaced(file, "parameters", (1 << 29,), "f4", chunks=(1 << 22,), compression="gzip")
    packed = zlib.compress(bytes(1 << 24), 9)
    for start in range(0, 1 << 29, 1 << 22):
        made.id.write_direct_chunk((start,), packed)


def attribute(name, value):
    """Return an edit that sets an attribute of the file, to another type perhaps."""
    return lambda file, place: file.attrs.create(name, value)


def history(alter):
    """Return an edit that alters the rows of the history."""

    def edit(file, place):
        columns = file["history"].attrs["columns"]
        rows = alter(file["history"][()])
        replaced(file, "history", data=rows).attrs["columns"] = columns

    return edit


def instead(name, *arguments, **options):
    """Return an edit that puts another dataset in the place of one."""
    return lambda file, place: replaced(file, name, *arguments, **options)


def more(name, *arguments, **options):
    """Return an edit that adds a dataset."""
    return lambda file, place: file.create_dataset(name, *arguments, **options)


def a_group(file, place):
    del file["parameters"]
    file.create_group("parameters")


def not_finite(file, place):
    file["parameters"][:] = np.nan


def to_itself(file, place):
    del file["parameters"]
    file["parameters"] = h5py.SoftLink("/parameters")


CHECKPOINTS = {
    "external-link": linked_outside,
    "external-link-to-a-pipe": linked_to_a_pipe,
    "virtual": virtual,
    "raw-storage": raw,
    "fill-value": nothing_stored,
    "bomb": bomb,
    "steps-below-zero": attribute("steps", -5),
    "steps-without-end": attribute("steps", 2**63 - 1),
    "steps-of-text": attribute("steps", "many"),
    "steps-of-a-list": attribute("steps", [1, 2]),
    "steps-not-a-number": attribute("steps", np.nan),
    "best-epoch": attribute("best_epoch", 2**40),
    "version": attribute("format_version", np.inf),
    "fingerprint": attribute("fingerprint", "[]"),
    "fingerprint-deep": attribute("fingerprint", "[" * 60_000),
    "fingerprint-of-bytes": attribute("fingerprint", b"\xff\xfe"),
    "history-of-nothing": history(lambda rows: np.zeros((0, 0))),
    "history-not-finite": history(lambda rows: np.full_like(rows, np.inf)),
    "history-of-nan": history(lambda rows: np.full_like(rows, np.nan)),
    "history-below-zero": history(lambda rows: -rows),
    "history-of-complex": history(lambda rows: rows.astype("c16")),
    "history-narrow": history(lambda rows: rows[:, :1]),
    "history-long": instead("history", (10**9, 9), "f8", chunks=(10**4, 9)),
    "parameters-a-group": a_group,
    "parameters-of-text": instead("parameters", data="x"),
    "parameters-of-objects": instead("parameters", (3,), h5py.ref_dtype),
    "parameters-empty": instead("parameters", data=h5py.Empty("f4")),
    "parameters-not-finite": not_finite,
    "state-a-dataset": instead("state", data=[1.0]),
    "state-missing": lambda file, place: file.pop("state"),
    "state-too-long": instead("state/m", data=np.zeros(7, "f4")),
    "state-more": more("state/" + "x" * 1000, data=np.zeros(7)),
    "state-of-groups": lambda file, place: file["state"].create_group("deep/deeper"),
    "statistics": more("statistics/x", data=np.zeros(7)),
    "soft-link-to-itself": to_itself,
}
for name, edit in CHECKPOINTS.items():
    altered(f"checkpoint-{name}", "checkpoint.h5", edit, GO_ON, of="trained", statuses=FAILS)
    if name in ("external-link", "fill-value", "raw-storage", "state-of-groups"):
        altered(
            f"checkpoint-{name}-read",
            "checkpoint.h5",
            edit,
            "runs verify t/1",
            "report t/1",
            "runs list",
            of="trained",
            statuses=HARMLESS,
        )
altered(
    "history-of-a-training",
    "history.h5",
    lambda file, place: [
        replaced(file, name, (10**10,), "f8", chunks=(10**4,))
        for name in list(file)
        if hasattr(file[name], "shape")
    ],
    "runs verify t/1",
    "report t/1",
    "runs show t/1",
    of="trained",
    statuses=HARMLESS,
)


# Receipts of parts


def receipt(place, content):
    """Write the receipt of a part."""
    (place.shards / "results" / "part-00000.json").write_bytes(content)


for name, content in {
    "deep": b"[" * 100_000,
    "digits": b'{"key": ' + b"9" * 5000 + b"}",
    "long": b'{"key": "' + b"x" * (64 << 20) + b'"}',
    "no-text": b"\xff\xfe",
    "another": b'{"key": 1, "rows": [0, 20], "size": "x", "sha256": [], "tally": 1}',
}.items():
    add(
        "memory",
        f"receipt-{name}",
        partial(receipt, content=content),
        "runs resume d/1",
        statuses=HARMLESS,
    )


# Inputs


def sparse_npy(place):
    """Write the header of an array of 2.4 GB, and nothing more."""
    np.lib.format.open_memmap(place.work / "x.npy", "w+", "f4", (1 << 20, 600))


add(
    "memory",
    "sparse-npy",
    sparse_npy,
    "run input=npy input.path=x.npy architecture.sizes=[2] output.report=false",
    statuses=HARMLESS,
)


def idx_bomb(place):
    """Pack a gigabyte of zeros into an idx file."""
    with gzip.open(place.work / "x.idx.gz", "wb", 9) as file:
        file.write(b"\0\0\x08\x03" + struct.pack(">III", 1 << 20, 32, 32))
        for _ in range(64):
            file.write(bytes(16 << 20))


add(
    "memory",
    "idx-bomb",
    idx_bomb,
    "run input=idx input.path=x.idx.gz architecture.sizes=[2] output.report=false",
    statuses=HARMLESS,
)


def wide_idx(place):
    """Claim samples so wide that a few of them are too much."""
    with gzip.open(place.work / "x.idx.gz", "wb", 9) as file:
        file.write(b"\0\0\x08\x03" + struct.pack(">III", 1, 1 << 14, 1 << 15))
        for _ in range(32):
            file.write(bytes(16 << 20))


add(
    "memory",
    "idx-of-one-wide-sample",
    wide_idx,
    "run input=idx input.path=x.idx.gz architecture.sizes=[2] output.report=false",
    statuses=HARMLESS,
)


def hdf5_bomb(place, rows, width, chunk):
    """Store one packed chunk of zeros again and again."""
    with h5py.File(place.work / "x.h5", "w") as file:
        made = file.create_dataset(
            "x", (rows, width), "f4", chunks=(chunk, width), compression="gzip"
        )
        packed = zlib.compress(bytes(4 * chunk * width), 9)
        for start in range(0, rows, chunk):
            made.id.write_direct_chunk((start, 0), packed)


for name, shape in {"tall": (1 << 22, 600, 1 << 12), "wide": (64, 1 << 22, 1)}.items():
    add(
        "memory",
        f"hdf5-bomb-{name}",
        partial(lambda place, shape: hdf5_bomb(place, *shape), shape=shape),
        f"{HDF5} input.rows.stop=20000",
        statuses=HARMLESS,
    )


def sparse_hdf5(place):
    """Declare samples that are a hole in the file."""
    with h5py.File(place.work / "x.h5", "w") as file:
        space = h5py.h5s.create_simple((1 << 26, 16))
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, plist)


add(
    "memory",
    "sparse-hdf5",
    sparse_hdf5,
    f"{HDF5} input.rows.stop=1000",
    statuses=HARMLESS,
)


# Documents


def padded(place, name, size=300 << 20):
    """Make a document far longer than any is."""
    path = place.run / name
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + size)


for name in ("manifest.json", "config.yaml", "overrides.yaml", "run.log"):
    add(
        "memory",
        f"padded-{name}",
        partial(padded, name=name),
        *READ,
        "runs rerun a/1",
        statuses=HARMLESS,
    )


def many_jobs(place):
    """Make a sweep of 3,000 jobs without a manifest."""
    for number in range(3, 3003):
        (place.sweep / "runs" / f"{number:03d}").mkdir()


add(
    "memory",
    "many-jobs",
    many_jobs,
    "runs list",
    "runs show s/1",
    "runs verify s/1",
    statuses=HARMLESS,
)


def long_table(place):
    """Make the table of a sweep long and wide."""
    (place.sweep / "sweep.csv").write_text(
        "job," + ",".join("x" * 9 for _ in range(2000)) + "\n" + "0,\n" * 500_000
    )


add("memory", "long-table", long_table, "runs resume s/1", "runs show s/1", statuses=HARMLESS)
add(
    "memory",
    "wide-cell-of-a-table",
    lambda place: (place.sweep / "sweep.csv").write_text('job\n"' + "x" * (1 << 21) + '"\n'),
    "runs resume s/1",
    statuses=HARMLESS,
)
add(
    "memory",
    "table-of-a-sweep-without-jobs",
    lambda place: (place.sweep / "sweep.csv").write_bytes(b"\xff\xfe\0,\0\n"),
    "runs resume s/1",
    statuses=HARMLESS,
)

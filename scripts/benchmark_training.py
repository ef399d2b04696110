"""Compare an epoch of training to PyTorch and scikit-learn: the same network, batches, threads.

In every round each program makes a new network, rests, trains an epoch, and trains a timed epoch.
The ratios are medians over the rounds, so that other work on the machine slows all programs alike.
The network is new each time because a network that fits its labels perfectly has gradients so small
that some processors take several times as long for them.
Processor time counts all threads of a program, including those that wait for each other. It is more
reliable on a shared machine. Run the script without settings of OpenBLAS:

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python scripts/benchmark_training.py --threads 1
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import threadpoolctl
from benchmarks.stacks import STACKS, dense, torch_module

from nnpipe.config.load import load_choice
from nnpipe.engines.blas import one_thread
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build
from nnpipe.sources import SOURCES
from nnpipe.sources.input import Input
from nnpipe.sources.normalizations.base import Normalization
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.batching import Batches
from nnpipe.training.options import TrainingOptions
from nnpipe.training.recipe import Recipe
from nnpipe.training.split import Split
from nnpipe.training.training import Training

DENSE = ((100, 10), (512, 256, 10))
SAMPLES, FEATURES, BATCH = 8000, 784, 128
# Seconds until the previous program's threads, which wait actively, have gone to sleep.
REST = 0.15
Epoch = Callable[[], object]
Layers = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    # Imported first, because only loaded BLAS libraries can be limited.
    import sklearn.neural_network
    import torch

    torch.set_num_threads(options.threads)
    names = ("nnpipe", "numpy", "torch", "scikit-learn")
    print(f"{platform.machine()}, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in names))
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (SAMPLES, FEATURES), np.uint8)
    y = generator.integers(0, 10, SAMPLES)
    with threadpoolctl.threadpool_limits(options.threads):
        for pool in threadpoolctl.threadpool_info():
            kernel = pool.get("architecture", "")
            print(
                f"{pool['internal_api']} {pool['version']} {kernel}, {pool['num_threads']} threads"
            )
        print(
            f"\n{SAMPLES} samples, batches of {BATCH}, float32, Adam, ReLU. Milliseconds per "
            "epoch, and nnpipe's time as a share of that; medians (least-greatest)"
        )
        for sizes in DENSE:
            name = "-".join(map(str, (FEATURES, *sizes)))
            others = {"scikit-learn": lambda sizes=sizes: sklearn(sizes, x, y)}
            compare(name, mlp(sizes), (x, y), options, others)
        for name, layers in STACKS.items():
            compare(name, layers("softmax"), (x, y), options, {})
    return 0


def mlp(sizes: Sequence[int]) -> Layers:
    """Return dense layers of these sizes."""
    hidden = {f"hidden{i}": dense(neurons) for i, neurons in enumerate(sizes[:-1])}
    return {**hidden, "output": dense(sizes[-1], "softmax")}


def compare(
    name: str, layers: Layers, data: tuple[Any, Any], options: Any, others: Mapping[str, Any]
) -> None:
    """Time the programs in turn, and print medians of times and of ratios."""
    programs: dict[str, Callable[[], Epoch]] = {
        "nnpipe": lambda: ours(layers, *data, options.threads),
        "PyTorch": lambda: pytorch(layers, *data, fused=False),
        "PyTorch, fused Adam": lambda: pytorch(layers, *data, fused=True),
        **others,
    }
    wall: dict[str, list[float]] = {name: [] for name in programs}
    processor: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name, start in programs.items():
            epoch = start()
            time.sleep(REST)
            epoch()  # wakes the threads, as an earlier epoch of a training does
            begin, begun = time.perf_counter(), time.process_time()
            epoch()
            wall[name].append(time.perf_counter() - begin)
            processor[name].append(time.process_time() - begun)
    print(f"\n{name:<30}    wall                  processor")
    for program in programs:
        cells = [cell(times["nnpipe"], times[program]) for times in (wall, processor)]
        print(f"  {program:<28}{'  '.join(cells)}")


def cell(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the median of their times, and our time as a share of it."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    share = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    return f"{statistics.median(theirs) * 1e3:8.1f}  {share}"


def ours(layers: Layers, x: Any, y: Any, threads: int) -> Epoch:
    """Return a function that trains for an epoch as the stage does, without validation."""
    declared = {"kind": "stack", "layers": layers}
    architecture = load_choice(ARCHITECTURES, declared, "architecture")
    network = build(architecture.make(), FEATURES, 0, "float32")
    options = TrainingOptions(loss=None, epochs=1000, batch_size=BATCH, patience=None)
    recipe = Recipe(training=options, architecture=architecture)
    passes = Backpropagation(network, recipe.loss, BATCH, threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.h5"
        with h5py.File(path, "w") as file:
            file["x"], file["y"] = x, y
        source = SOURCES.choice("hdf5", path=str(path), dataset="/x", labels="/y").make()(
            0, "input"
        )
        data = Input(source, Normalization("scale", np.zeros(1), np.array([1 / 255])), "float32")
        batches = Batches(data, Split(SAMPLES, 0, 0).kept, SAMPLES, passes.room, 1 << 30, seed=0)
        source.close()
    training = Training(passes, recipe, batches, None, threads)

    def epoch() -> None:
        with one_thread:  # as in the stage
            training.epoch(lambda rows, mean, accuracy: None)

    return epoch


def pytorch(layers: Layers, x: Any, y: Any, *, fused: bool) -> Epoch:
    """Return a function that trains the same network for an epoch with PyTorch."""
    import torch

    declared = load_choice(ARCHITECTURES, {"kind": "stack", "layers": layers}, "architecture")
    model = torch_module(build(declared.make(), FEATURES, 0, "float32").layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=fused)
    loss = torch.nn.CrossEntropyLoss()
    samples, labels = torch.tensor(x, dtype=torch.float32) / 255, torch.tensor(y)

    def epoch() -> None:
        order = torch.randperm(SAMPLES)
        total = 0.0
        for start in range(0, SAMPLES, BATCH):
            rows = order[start : start + BATCH]
            optimizer.zero_grad()
            value = loss(model(samples[rows]), labels[rows])
            value.backward()
            optimizer.step()
            total += value.item() * len(rows)

    return epoch


def sklearn(sizes: Sequence[int], x: Any, y: Any) -> Epoch:
    """Return a function that trains the same network for an epoch with scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        sizes[:-1], batch_size=BATCH, max_iter=1, warm_start=True, alpha=0, tol=0, random_state=0
    )
    samples = x.astype(np.float32) / np.float32(255)

    def epoch() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(samples, y)

    return epoch


if __name__ == "__main__":
    sys.exit(main())

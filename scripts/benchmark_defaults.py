"""Compare training with nothing said to scikit-learn's defaults, on data that scikit-learn bundles.

Each set is divided 5 times into 5 folds. On every fold nnpipe trains with all options left out, and
scikit-learn trains its MLP with default options behind a StandardScaler, with standardized targets
for regression. The table has the mean accuracy, or R² for targets, in points (100 = perfect), the
mean difference of the folds in points, and its standard error.

    python scripts/benchmark_defaults.py
    python scripts/benchmark_defaults.py --sets iris wine --repeats 2 --mnist DIR
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import nnpipe

SETS = ("iris", "wine", "breast_cancer", "digits", "diabetes", "mnist")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--mnist", type=Path, help="folder of the MNIST test images (IDX, gzip)")
    options = parser.parse_args(arguments)
    logging.getLogger("nnpipe").setLevel(logging.ERROR)
    print(", ".join(f"{name} {version(name)}" for name in ("nnpipe", "numpy", "scikit-learn")))
    print("| set | samples | nnpipe | scikit-learn | difference | standard error |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    means: list[float] = []
    for name in options.sets:
        if name == "mnist" and options.mnist is None:
            print("| mnist | skipped; name its folder with --mnist | | | | |")
            continue
        x, y = load(name, options.mnist)
        ours, theirs = scores(x, y, options.repeats, target=name == "diabetes")
        gaps = 100 * (ours - theirs)
        means.append(float(gaps.mean()))
        error = gaps.std(ddof=1) / len(gaps) ** 0.5
        print(
            f"| {name} | {len(x):,} | {100 * ours.mean():.2f} | {100 * theirs.mean():.2f} | "
            f"{gaps.mean():+.2f} | {error:.2f} |",
            flush=True,
        )
    print(f"| mean | | | | {np.mean(means):+.2f} | |")
    return 0


def load(name: str, mnist: Path | None) -> tuple[Any, Any]:
    """Return the samples and the labels or targets of a set."""
    from sklearn import datasets

    if name != "mnist":
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    assert mnist is not None
    found: list[Any] = []
    import gzip

    for kind, skip in (("images-idx3", 16), ("labels-idx1", 8)):
        raw = gzip.decompress((mnist / f"t10k-{kind}-ubyte.gz").read_bytes())[skip:]
        found.append(np.frombuffer(raw, np.uint8))
    return found[0].reshape(len(found[1]), -1), found[1].astype(np.int64)


def scores(x: Any, y: Any, repeats: int, *, target: bool) -> tuple[Any, Any]:
    """Return the scores of both programs on every fold."""
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

    folds: Any = RepeatedKFold if target else RepeatedStratifiedKFold
    pairs = list(folds(n_splits=5, n_repeats=repeats, random_state=0).split(x, y))
    both = [
        (ours(x, y, *pair, target, seed), theirs(x, y, *pair, target, seed))
        for seed, pair in enumerate(pairs)
    ]
    return tuple(np.array(both).T)  # type: ignore[return-value]


def ours(x: Any, y: Any, train: Any, test: Any, target: bool, seed: int) -> float:
    """Return the score of nnpipe with nothing said, on the test rows."""
    from sklearn.metrics import accuracy_score, r2_score

    key = "targets" if target else "labels"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.h5"
        with h5py.File(path, "w") as file:
            file["x"] = x[train]
            file["y"] = y[train][:, None] if target else y[train]
        run = nnpipe.run(
            {
                "pipeline": {"stages": ["train"]},
                "input": {"kind": "hdf5", "path": str(path), "dataset": "/x", key: "/y"},
                "seed": seed,
                "output": {"root": folder, "report": False},
            }
        )
        with run:
            outputs = run.predict(x[test])
    if target:
        return float(r2_score(y[test], outputs[:, 0]))
    return float(accuracy_score(y[test], outputs.argmax(axis=1)))


def theirs(x: Any, y: Any, train: Any, test: Any, target: bool, seed: int) -> float:
    """Return the score of scikit-learn's default MLP behind a StandardScaler."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if target:
        regressor = TransformedTargetRegressor(
            MLPRegressor(random_state=seed), transformer=StandardScaler()
        )
        model = make_pipeline(StandardScaler(), regressor)
    else:
        model = make_pipeline(StandardScaler(), MLPClassifier(random_state=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x[train], y[train])
    return float(model.score(x[test], y[test]))


if __name__ == "__main__":
    sys.exit(main())

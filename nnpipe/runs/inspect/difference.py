"""Compare two runs: their configs, parameters, outputs, inputs and software."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnpipe.config.keys import dotted, name_kinds
from nnpipe.runs.inspect.columns import align, short
from nnpipe.runs.store.manifest import Manifest
from nnpipe.runs.store.open import PARAMETERS, RESULTS, Run

_TOGETHER = 16 << 20
_ABSENT = "(absent)"

Pairs = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Difference:
    """How two runs differ; an empty field means no difference.

    Attributes
    ----------
    config, input, software : mapping of str to pair
        The keys that differ, with both values. `software` includes the BLAS libraries.
    parameters : mapping of str to float or str
        By layer, the greatest absolute difference, or the reason why there is none.
    outputs : mapping
        `max`, the greatest absolute difference; `first_row`, the first sample that differs; and
        `rows`, the number of samples that differ. Or `reason`, why they cannot be compared.
    """

    config: Pairs
    parameters: Mapping[str, float | str]
    outputs: Mapping[str, Any]
    input: Pairs
    software: Pairs

    @property
    def identical(self) -> bool:
        """Whether parameters and outputs are bit-identical."""
        return not self.parameters and not self.outputs

    @property
    def nothing(self) -> bool:
        """Whether the configs are the same too."""
        return self.identical and not self.config


def compare(a: Run, b: Run) -> Difference:
    """Compare two complete runs; outputs are read in blocks, so they may be large."""
    return Difference(
        config=differing_configs(a.config, b.config),
        parameters={} if _same_file(a, b, PARAMETERS) else _parameters(a, b),
        outputs={} if _same_file(a, b, RESULTS) else _rows(a.outputs, b.outputs),
        input=differing(a.manifest.fingerprint, b.manifest.fingerprint),
        software=differing(_software(a.manifest), _software(b.manifest)),
    )


def differing_configs(a: Mapping[str, Any], b: Mapping[str, Any]) -> Pairs:
    """Return the dotted keys of two configs whose values differ, with both values.

    >>> differing_configs({"activation": "tanh"}, {"activation": {"kind": "elu"}})
    {'activation.kind': ('tanh', 'elu')}
    """
    x, y = dotted(a), dotted(b)
    return differing(name_kinds(x, y), name_kinds(y, x))


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> Pairs:
    """Return the keys whose values differ, with both values.

    >>> differing({"seed": 1, "dtype": None}, {"seed": 2, "dtype": None})
    {'seed': (1, 2)}
    """
    pairs = {name: (a.get(name, _ABSENT), b.get(name, _ABSENT)) for name in {**a, **b}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _software(manifest: Manifest) -> dict[str, Any]:
    libraries = [" ".join(f"{k} {v}" for k, v in library.items()) for library in manifest.blas]
    return {**manifest.software, "blas": ", ".join(libraries)}


def _same_file(a: Run, b: Run, name: str) -> bool:
    return a.manifest.artifacts.get(name) == b.manifest.artifacts.get(name)


def _parameters(a: Run, b: Run) -> dict[str, float | str]:
    of_a, of_b = _arrays(a), _arrays(b)
    found: dict[str, float | str] = {}
    for name in {**of_a, **of_b}:
        if name not in of_a or name not in of_b:
            found[name] = f"only in {'the second' if name in of_b else 'the first'}"
            continue
        p, q = of_a[name], of_b[name]
        if p.shape != q.shape:
            found[name] = f"{p.shape} and {q.shape}"
        elif p.dtype != q.dtype or p.tobytes() != q.tobytes():
            found[name] = greatest(p, q)
    return found


def _arrays(run: Run) -> dict[str, NDArray[Any]]:
    """Return all arrays by layer, or by ``layer.array`` where a layer has several."""
    return {
        layer.name if len(layer.arrays) == 1 else f"{layer.name}.{name}": array
        for layer in run.network.layers
        for name, array in layer.arrays.items()
    }


def greatest(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the greatest absolute difference, in float64; infinite if only one value is NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(a.astype(np.float64) - b.astype(np.float64))
    gap[(a == b) | (np.isnan(a) & np.isnan(b))] = 0.0
    gap[np.isnan(gap)] = np.inf
    return float(gap.max(initial=0.0))


def _rows(a: Any, b: Any) -> dict[str, Any]:
    if a.shape != b.shape:
        return {"reason": f"{a.shape} and {b.shape}"}
    step = max(1, _TOGETHER // max(1, a.shape[1] * a.dtype.itemsize))
    largest, first, count = 0.0, None, 0
    for start in range(0, a.shape[0], step):
        x, y = np.asarray(a[start : start + step]), np.asarray(b[start : start + step])
        # Bytes are compared if the dtypes agree, so that -0 differs from 0, and NaN from NaN.
        same = x.view(np.uint8) == y.view(np.uint8) if x.dtype == y.dtype else x == y
        differ = np.flatnonzero(~same.all(axis=1))
        if len(differ):
            first = start + int(differ[0]) if first is None else first
            count += len(differ)
            largest = max(largest, greatest(x, y))
    if first is None:
        return {} if a.dtype == b.dtype else {"reason": f"{a.dtype} and {b.dtype}, equal numbers"}
    return {"max": largest, "first_row": first, "rows": count}


def report(difference: Difference, a: str, b: str) -> str:
    """Return a difference as lines; `a` and `b` are the names of the runs."""
    parts = [align([("a", a), ("b", b)])]
    for title, pairs in (
        ("config", difference.config),
        ("input", difference.input),
        ("software", difference.software),
    ):
        if pairs:
            rows = [(f"  {name}", f"{x}  →  {y}") for name, (x, y) in pairs.items()]
            parts.append(f"{title}\n{align(rows)}")
        else:
            parts.append(f"{title}  the same")
    if difference.parameters:
        rows = [
            (f"  {name}", gap if isinstance(gap, str) else f"differ by up to {short(gap)}")
            for name, gap in difference.parameters.items()
        ]
        parts.append(f"parameters\n{align(rows)}")
    else:
        parts.append("parameters  identical to the bit")
    outputs = difference.outputs
    if "reason" in outputs:
        parts.append(f"outputs  {outputs['reason']}")
    elif outputs:
        parts.append(
            f"outputs  differ by up to {short(outputs['max'])} in {outputs['rows']:,} rows, "
            f"first in row {outputs['first_row']}"
        )
    else:
        parts.append("outputs  identical to the bit")
    return "\n".join(parts)

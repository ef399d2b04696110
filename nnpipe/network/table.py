"""Describe a network as a table with one line per layer."""

from __future__ import annotations

from nnpipe.network.chain import Chain
from nnpipe.network.network import Network
from nnpipe.network.stack import Stack


def stack_table(network: Network, stack: Stack | None = None) -> str:
    """Return the layers with their shapes, and the total number of parameters, as plain text.

    Parameters
    ----------
    network : Network
    stack : mapping, optional
        The declared layers, with those that training will remove; by default, the network's own.

    >>> import nnpipe
    >>> print(stack_table(nnpipe.build({"inputs": 120, "sizes": [9, 1]})))
    layer    kind   activation  output shape     arrays  parameters
    input                       (samples, 120)
    hidden1  dense  sigmoid     (samples, 9)    9 × 121       1,089
    output   dense  sigmoid     (samples, 1)     1 × 10          10
    total                                                     1,099  float32, 4.3 KiB
    """
    declared = stack or network.stack
    counts = {layer.name: f"{layer.parameter_count:,}" for layer in network.layers}
    rows = [
        ("layer", "kind", "activation", "output shape", "arrays", "parameters"),
        ("input", "", "", f"(samples, {network.inputs})", "", ""),
    ]
    for name, kind, inputs in Chain.of(declared).each(network.inputs):
        activation = "" if kind.activation is None else kind.activation.kind
        shape, text = f"(samples, {kind.outputs(inputs)})", kind.describe(inputs)
        count = counts.get(name, "0")
        rows.append((name, declared[name].kind, activation, shape, text, count))
    rows.append(("total", "", "", "", "", f"{network.parameter_count:,}"))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    lines[-1] += f"  {network.dtype}, {_memory(network.nbytes)}"
    return "\n".join(lines)


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    *texts, count = row
    return [text.ljust(width) for text, width in zip(texts, widths[:-1], strict=True)] + [
        count.rjust(widths[-1])
    ]


def _memory(nbytes: int) -> str:
    """Return a size in a suitable unit."""
    if nbytes < 2**10:
        return f"{nbytes} bytes"
    return f"{nbytes / 2**20:,.1f} MiB" if nbytes >= 2**20 else f"{nbytes / 2**10:,.1f} KiB"

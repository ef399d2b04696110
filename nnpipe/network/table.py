"""Describe a network as a table with one line per layer."""

from __future__ import annotations

from nnpipe.network.network import Network


def stack_table(network: Network) -> str:
    """Return the layers with their shapes, and the total number of parameters, as plain text.

    >>> import nnpipe
    >>> print(stack_table(nnpipe.build({"inputs": 120, "sizes": [9, 1]})))
    layer    activation  output shape    matrix   parameters
    input                (samples, 120)
    hidden1  sigmoid     (samples, 9)    9 × 121       1,089
    output   sigmoid     (samples, 1)    1 × 10           10
    total                                              1,099  float32, 4.3 KiB
    """
    rows = [
        ("layer", "activation", "output shape", "matrix", "parameters"),
        ("input", "", f"(samples, {network.inputs})", "", ""),
    ]
    for layer in network.layers:
        neurons, columns = layer.parameters.shape
        shape, count = f"(samples, {neurons})", f"{neurons * columns:,}"
        rows.append((layer.name, layer.activation, shape, f"{neurons} × {columns}", count))
    rows.append(("total", "", "", "", f"{network.parameter_count:,}"))
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

"""Turn samples and weights into PNG images that are embedded in the page."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDES = range(4, 129)

# Blue is positive, orange is negative, and zero is transparent.
_BLUE, _ORANGE, _STEPS = (58, 123, 213), (217, 98, 43), 15


def image_shape(fingerprint: Mapping[str, Any], features: int) -> tuple[int, int] | None:
    """Return height and width of the samples if they are images, else None.

    Samples are images if the stored array has an axis for height and one for width, and perhaps a
    last one for a single colour channel; or if they have 784 features, as MNIST's do. Random
    numbers are never images.
    """
    if fingerprint.get("kind") == "random":
        return None
    shape = list(fingerprint.get("shape", ()))
    axis = fingerprint.get("sample_axis", 0)
    sides = [side for i, side in enumerate(shape) if i != axis % max(len(shape), 1)]
    if len(sides) == 3 and sides[2] == 1:
        sides = sides[:2]
    if len(sides) == 2 and all(side in _SIDES for side in sides) and np.prod(sides) == features:
        return int(sides[0]), int(sides[1])
    return (28, 28) if features == 784 else None


def grey(pixels: NDArray[Any], low: float, high: float) -> str:
    """Return a (height, width) image as a data URI: black at `low`, white at `high`."""
    span = high - low if high > low else 1.0
    levels = np.nan_to_num((pixels.astype(np.float64) - low) / span, nan=0.0)
    return _uri(_png((levels.clip(0, 1) * 255).astype(np.uint8), 0, b""))


def signed(weights: NDArray[np.floating[Any]]) -> str:
    """Return signed numbers as an image in a data URI: blue above zero, orange below."""
    finite = np.nan_to_num(weights.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    greatest = float(np.abs(finite).max()) or 1.0
    levels = np.rint(finite / greatest * _STEPS).astype(np.int64) + _STEPS
    colours: list[tuple[int, int, int]] = []
    alphas: list[int] = []
    for level in range(-_STEPS, _STEPS + 1):
        colours.append(_BLUE if level >= 0 else _ORANGE)
        alphas.append(round(255 * abs(level) / _STEPS))
    palette = _chunk(b"PLTE", bytes(np.array(colours, np.uint8))) + _chunk(b"tRNS", bytes(alphas))
    return _uri(_png(levels.astype(np.uint8), 3, palette))


def _png(levels: NDArray[np.uint8], colour: int, palette: bytes) -> bytes:
    """Return an 8-bit PNG; see the PNG specification, sections 5 and 11."""
    height, width = levels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    # Each row begins with the number of its filter, 0 for none.
    rows = np.pad(levels, ((0, 0), (1, 0))).tobytes()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + palette
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")

"""Samples and weights as PNG images."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest

from nnpipe.report.image import grey, image_shape, signed

Image = pytest.importorskip("PIL.Image", reason="Pillow, an independent reader of PNG, is missing")


def decoded(uri: str, mode: str) -> np.ndarray:
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image.convert(mode))


def test_a_grey_image_is_read_back_by_another_library():
    pixels = np.random.default_rng(0).integers(0, 256, (28, 20), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(grey(pixels, 0, 255), "L"), pixels)


def test_what_is_out_of_range_or_not_a_number_is_still_an_image():
    found = decoded(grey(np.array([[-9.0, 9.0], [np.nan, 0.5]]), 0, 1), "L")
    np.testing.assert_array_equal(found, [[0, 255], [0, 127]])


def test_weights_are_blue_above_zero_and_orange_below_and_clear_at_zero():
    found = decoded(signed(np.array([[1.0, -1.0], [0.0, np.inf]])), "RGBA").astype(int)
    blue, orange, zero, infinite = found.reshape(4, 4)
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    assert (blue[3], orange[3], zero[3], infinite[3]) == (255, 255, 0, 0)


@pytest.mark.parametrize(
    ("fingerprint", "features", "expected"),
    [
        ({"kind": "idx", "shape": [10, 28, 28], "sample_axis": 0}, 784, (28, 28)),
        ({"kind": "npy", "shape": [8, 9, 10], "sample_axis": 2}, 72, (8, 9)),
        ({"kind": "npy", "shape": [8, 9, 10], "sample_axis": -1}, 72, (8, 9)),
        ({"kind": "hdf5", "shape": [10, 8, 9, 1], "sample_axis": 0}, 72, (8, 9)),
        ({"kind": "hdf5", "shape": [10, 784], "sample_axis": 0}, 784, (28, 28)),
        ({"kind": "hdf5", "shape": [10, 100], "sample_axis": 0}, 100, None),
        ({"kind": "hdf5", "shape": [10, 500, 3], "sample_axis": 0}, 1500, None),
        ({"kind": "random", "shape": [10, 784]}, 784, None),
        ({"kind": "theirs"}, 64, None),
    ],
)
def test_images_are_recognized_by_the_shape_of_the_input(fingerprint, features, expected):
    assert image_shape(fingerprint, features) == expected

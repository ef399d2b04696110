"""An activation from another package, found by its entry point in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnpipe.errors

PLUGIN = """
import numpy as np
from nnpipe.network.activations.base import Activation, plain

def forward(z, out):
    np.square(z, out=out)

def backward(z, a, delta):
    delta *= 2 * z

square = plain(Activation(forward, backward, needs_z=True))
"""

BUILD = """
import sys
from nnpipe.network.activations import ACTIVATIONS
from nnpipe.network.architectures import ARCHITECTURES
from nnpipe.network.build import build
from nnpipe.network.initializers import INITIALIZERS

assert "square" in ACTIVATIONS.names
assert "square_plugin" not in sys.modules
shared = {
    "activation": ACTIVATIONS.choice("square"),
    "initializer": INITIALIZERS.choice("constant", value=1.0),
}
architecture = ARCHITECTURES.choice("mlp", sizes=[2], **shared)
network = build(architecture.make(), inputs=2, seed=0, dtype="float32")
print(network.layers[0].activation, network([1.0, 2.0]).tolist())
"""


@pytest.fixture
def plugin(tmp_path):
    """Return a function that lays a package out as pip would, under an entry-point name."""

    def install(name):
        (tmp_path / "square_plugin.py").write_text(PLUGIN)
        info = tmp_path / "square_plugin-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: square-plugin\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[nnpipe.activations]\n{name} = square_plugin:square\n"
        )
        return tmp_path

    return install


def _python(program, folder):
    package = Path(nnpipe.errors.__file__).parents[1]
    path = os.pathsep.join([str(folder), str(package)])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_an_installed_package_adds_an_activation_that_builds_and_computes(plugin):
    result = _python(BUILD, plugin("square"))
    assert (result.stderr, result.returncode) == ("", 0)
    assert result.stdout == "square [16.0, 16.0]\n"


def test_a_package_that_takes_the_name_of_a_built_in_activation_is_an_error(plugin):
    result = _python(BUILD, plugin("relu"))
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "nnpipe.errors.ConfigError: nnpipe.activations: square_plugin:square adds the name "
        "'relu', which nnpipe itself has already. Uninstall one of them."
    )

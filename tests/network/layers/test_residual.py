"""Networks with layer normalization and residual blocks are those of PyTorch.

Modules: network/layers/layer_norm.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnpipe
from nnpipe.config.load import load_choice, store
from nnpipe.errors import ConfigError
from nnpipe.network.build import build
from nnpipe.network.layers import LAYERS
from nnpipe.training.backpropagation import Backpropagation
from nnpipe.training.losses import LOSSES
from tests.strategies import dense, residual
from tests.training.test_backpropagation import batch, place, targets

NORM = LAYERS.choice("layer_norm")
PLAIN = {"activation": "sigmoid", "initializer": "normal"}


def test_outputs_and_gradients_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.wide, self.out = nn.LayerNorm(5), nn.Linear(5, 7), nn.Linear(7, 5)

        def forward(self, x):
            return x + torch.relu(self.out(nn.functional.silu(self.wide(self.norm(x)))))

    theirs = nn.Sequential(nn.Linear(6, 5), Block(), Block(), nn.LayerNorm(5), nn.Linear(5, 3))
    block = residual(norm=NORM, wide=dense(7, "silu"), out=dense(5, "relu"))
    stack = {
        "first": dense(5, "linear"),
        "block1": block,
        "block2": block,
        "norm": NORM,
        "last": dense(3, "softmax"),
    }
    net = build(stack, inputs=6, seed=3, dtype="float64")
    generator = np.random.default_rng(0)
    net = net.with_arrays({name: generator.normal(size=a.shape) for name, a in net.arrays.items()})
    theirs.double()
    modules = [m for m in theirs.modules() if isinstance(m, nn.Linear | nn.LayerNorm)]
    names = [n for n in net.arrays if not n.endswith("shift")]  # one for each of their modules
    with torch.no_grad():
        for module, name in zip(modules, names, strict=True):
            array = net.arrays[name]
            weight, bias = (
                (array, net.arrays[name.replace("gain", "shift")])
                if name.endswith("gain")
                else (array[:, :-1], array[:, -1])
            )
            module.weight.copy_(torch.tensor(weight))
            module.bias.copy_(torch.tensor(bias))
    x, t = batch(9), targets("labels", 9)
    z = theirs(torch.tensor(x))
    np.testing.assert_allclose(net(x), torch.softmax(z, 1).detach(), rtol=1e-9, atol=1e-12)
    loss = nn.functional.cross_entropy(z, torch.tensor(t))
    loss.backward()
    pass_ = Backpropagation(net, LOSSES.choice("cross_entropy").make(), 9)
    place(pass_, x)
    value, _ = pass_.backward(t)
    assert value / 9 == pytest.approx(loss.item(), rel=1e-12)
    found = pass_.views(pass_.gradient)
    for module, name in zip(modules, names, strict=True):
        ours = (
            (found[name], found[name.replace("gain", "shift")])
            if name.endswith("gain")
            else (found[name][:, :-1], found[name][:, -1])
        )
        for mine, other in zip(ours, (module.weight.grad, module.bias.grad), strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)


def nested(blocks: int) -> dict[str, Any]:
    """Return blocks inside each other."""
    layer: dict[str, Any] = {"kind": "dense", "neurons": 2}
    for _ in range(blocks):
        layer = {"kind": "residual", "layers": {"a": layer}}
    return layer


def test_no_more_blocks_stand_inside_each_other_than_a_file_can_hold(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_choice(LAYERS, nested(12), "block")
    assert str(caught.value) == (
        "block.layers.a: found 11 residual blocks inside each other; expected at most 10"
    )
    config = {
        "architecture": {"kind": "stack", "inputs": 2, "layers": {"block": nested(10)}},
        "input": {"kind": "random", "samples": 3, "features": 2},
        "output": {"root": str(tmp_path), "report": False},
    }
    found = nnpipe.open_run(nnpipe.run(config).path)
    assert found.config["architecture"]["layers"].keys() == {"block"}
    assert found.network.arrays.keys() == {f"block.{'a.' * 10}parameters"}


def test_a_block_without_layers_and_one_of_too_many_are_refused() -> None:
    for layers, problem in (
        ({}, "block.layers: found no layer; expected at least one"),
        (
            {"a": {"neurons": 2}, "norm": "batch_norm"},
            "block.layers.norm: found batch_norm at the end; expected it before a layer with "
            "neurons. Remove it or move it.",
        ),
        (
            {f"layer{i}": {"neurons": 4, **PLAIN} for i in range(1000)},
            "block.layers: found {size:,} characters of options; expected at most 60,000. "
            "Use several residual layers.",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            load_choice(LAYERS, {"kind": "residual", "layers": layers}, "block")
        inner = {name: dense(4) for name in layers}
        size = len(json.dumps(store(residual(**inner).options)))
        assert str(caught.value) == problem.format(size=size)


def test_a_block_whose_decided_options_are_too_many_is_refused() -> None:
    layers = {f"layer{i}": {"neurons": 4} for i in range(600)}
    with pytest.raises(ConfigError, match="characters of options; expected at most 60,000"):
        load_choice(LAYERS, {"kind": "residual", "layers": layers}, "block")

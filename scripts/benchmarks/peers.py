"""The same network in other libraries. Libraries that are not installed are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stacks import torch_call
from nnpipe.network.network import Network

MODULES = {
    "onnxruntime": ("onnxruntime", "onnx"),
    "torch": ("torch",),
    "sklearn": ("sklearn",),
    "numpy": (),
    "products": (),
}


def installed(names: Iterable[str]) -> list[str]:
    """Return the peers that can be measured, and print a line for each that cannot."""
    found: list[str] = []
    for name in names:
        lacking = [module for module in MODULES[name] if find_spec(module) is None]
        if lacking:
            print(f"{name}: skipped; {lacking[0]} is not installed (nnpipe[benchmark])")
        else:
            found.append(name)
    return found


def peer(name: str, network: Network, x: Any, threads: int) -> Callable[[], Any]:
    """Return a function that runs a peer on float32 samples."""
    return {
        "onnxruntime": _onnxruntime,
        "torch": torch_call,
        "sklearn": _sklearn,
        "numpy": _numpy,
        "products": _products,
    }[name](network, x, threads)


def write_onnx(network: Network, path: Path) -> None:
    """Write the network as an ONNX model with a Gemm and an activation per layer."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    operators = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}
    nodes: list[Any] = []
    constants: list[Any] = []
    a = "x"
    for i, layer in enumerate(network.layers):
        constants.append(
            numpy_helper.from_array(np.ascontiguousarray(layer.parameters[:, :-1]), f"w{i}")
        )
        constants.append(
            numpy_helper.from_array(np.ascontiguousarray(layer.parameters[:, -1]), f"b{i}")
        )
        nodes.append(helper.make_node("Gemm", [a, f"w{i}", f"b{i}"], [f"z{i}"], transB=1))
        nodes.append(helper.make_node(operators[layer.activation], [f"z{i}"], [f"a{i}"]))
        a = f"a{i}"
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "network",
        [tensor("x", TensorProto.FLOAT, [None, network.inputs])],
        [tensor(a, TensorProto.FLOAT, [None, network.outputs])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))


def session(path: Path, threads: int) -> Any:
    """Return an ONNX Runtime session on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _onnxruntime(network: Network, x: Any, threads: int) -> Callable[[], Any]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        write_onnx(network, path)
        opened = session(path, threads)
    return lambda: opened.run(None, {"x": x})[0]


def _sklearn(network: Network, x: Any, threads: int) -> Callable[[], Any]:
    from sklearn.neural_network import MLPRegressor

    names = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}
    layers = network.layers
    model: Any = MLPRegressor([layer.outputs for layer in layers[:-1]])
    model.activation = names[layers[0].activation]
    model.out_activation_ = names[layers[-1].activation]
    model.coefs_ = [np.ascontiguousarray(layer.parameters[:, :-1].T) for layer in layers]
    model.intercepts_ = [np.ascontiguousarray(layer.parameters[:, -1]) for layer in layers]
    model.n_layers_, model.n_outputs_ = len(layers) + 1, network.outputs
    model.n_features_in_ = network.inputs
    return lambda: model.predict(x)


def _numpy(network: Network, x: Any, threads: int) -> Callable[[], Any]:
    functions: dict[str, Callable[[Any], Any]] = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
    }

    def call() -> Any:
        a = x
        with np.errstate(over="ignore"):
            for layer in network.layers:
                a = functions[layer.activation](
                    a @ layer.parameters[:, :-1].T + layer.parameters[:, -1]
                )
        return a

    return call


def _products(network: Network, x: Any, threads: int) -> Callable[[], Any]:
    """Return a function with the least work: only the matrix products, into existing arrays."""
    matrices = [np.ascontiguousarray(layer.parameters[:, :-1]).T for layer in network.layers]
    buffers = [np.empty((len(x), layer.outputs), x.dtype) for layer in network.layers]

    def call() -> Any:
        a = x
        for matrix, out in zip(matrices, buffers, strict=True):
            np.matmul(a, matrix, out=out)
            a = out
        return None

    return call

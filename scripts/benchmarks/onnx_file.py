"""The script to compare with: read with h5py, run ONNX Runtime, write the outputs."""

import sys

import h5py
import onnxruntime

data, model, results, threads = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
with h5py.File(data) as source, h5py.File(results, "w") as target:
    x = source["x"]
    outputs = target.create_dataset("outputs", (len(x), session.get_outputs()[0].shape[1]), "f4")
    for start in range(0, len(x), 4096):
        outputs[start : start + 4096] = session.run(None, {"x": x[start : start + 4096]})[0]

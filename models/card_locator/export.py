"""Writes a trained network as ONNX: `python export.py locator|side|digits|cover WEIGHTS.pt OUT.onnx`.

Batch norm is folded into the convolutions. Weights are stored as float16 and cast up when the model
is loaded, which halves the file; the network itself computes in float32. Checks the file against
PyTorch in ONNX Runtime and prints its sha256.
"""
import hashlib
import importlib.util
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
SHAPES = {"locator": (1, 3, 256, 256), "side": (1, 3, 80, 128), "digits": (1, 1, 32, 320), "cover": (1, 3, 80, 80)}
OUTPUTS = {"locator": ["corners", "offsets", "mask"], "side": ["logits"], "digits": ["logits"], "cover": ["logits"]}


def network(kind):
    def load(path):
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem + kind, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    if kind == "locator":
        return load(HERE / "net.py").Locator()
    if kind == "side":
        return load(HERE.parent / "card_side" / "train.py").Side()
    if kind == "cover":
        return load(HERE.parent / "face_cover" / "train.py").Cover()
    return load(HERE.parent / "card_reader" / "train.py").Reader()


def stored_small(model):
    """The same graph with float16 weights behind casts."""
    graph = model.graph
    kept, casts = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            kept.append(tensor)
            continue
        small = numpy_helper.from_array(values.astype(np.float16), tensor.name + "_f16")
        kept.append(small)
        casts.append(helper.make_node("Cast", [small.name], [tensor.name], to=TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def main():
    kind, weights, out = sys.argv[1:]
    warnings.filterwarnings("ignore")
    net = network(kind)
    net.load_state_dict(torch.load(weights)["net"])
    net.eval()
    example = torch.rand(SHAPES[kind])
    torch.onnx.export(
        net, example, out, dynamo=False, opset_version=17, input_names=["image"], output_names=OUTPUTS[kind]
    )
    model = stored_small(onnx.load(out))
    model.producer_name, model.producer_version = "realname", ""
    onnx.save(model, out)
    found = onnxruntime.InferenceSession(out).run(None, {"image": example.numpy()})
    with torch.no_grad():
        expected = net(example)
    expected = expected if isinstance(expected, tuple) else (expected,)
    worst = max(float(np.abs(f - e.numpy()).max()) for f, e in zip(found, expected))
    data = Path(out).read_bytes()
    print(f"{out}: {len(data)} bytes, differs from float32 by at most {worst:.4f}")
    print(f"sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()

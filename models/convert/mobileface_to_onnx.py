"""Converts becauseofAI's MobileFace from a TensorFlow.js graph model to ONNX, as it is.

    python mobileface_to_onnx.py MODEL.json MODEL.bin OUTPUT.onnx

Not fetched by the program: an operator runs this and adds the result with `realname models add`
(models/embeddings/mobileface.toml). The graph takes RGB 0..255 and does its own normalisation; the
output is a vector of 256 that compares by cosine.
"""

import json
import sys

import numpy as np

from onnx_graph import Graph
from tfjs_to_onnx import decoded, read_weights

SIDE_PX, EMBEDDING = 112, 256


class Converter:
    def __init__(self, nodes, weights):
        self.nodes = {node["name"]: node for node in nodes}
        self.weights = weights
        self.graph = Graph("mobileface")
        self.values = {}

    def value(self, name):
        """An emitted value, or a constant that broadcasts along NCHW (or along a vector)."""
        if self.nodes[name]["op"] != "Const":
            return self.values[name]
        array = self.weights[name].astype(np.float32)
        return self.graph.constant(array.reshape((-1, 1, 1) if array.ndim == 1 and not self.is_flat else array.shape))

    @property
    def is_flat(self):
        """Whether the map was flattened to a vector already."""
        return any(self.nodes[name]["op"] == "Reshape" for name in self.values)

    def emit(self, node):
        op, inputs = node["op"], node.get("input", [])
        if op == "Placeholder":
            return self.graph.add_input("image", ["N", 3, SIDE_PX, SIDE_PX])
        if op == "Pad":
            (_, _), (top, bottom), (left, right), (_, _) = self.weights[inputs[1]].tolist()
            pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
            return self.graph.node("Pad", [self.value(inputs[0]), self.graph.constant(pads)])
        if op in ("Conv2D", "DepthwiseConv2dNative"):
            if decoded(node["attr"]["padding"]) != "VALID":
                raise SystemExit("%s pads by itself, which is not supported" % node["name"])
            weight = self.weights[inputs[1]]
            depthwise = op == "DepthwiseConv2dNative"
            weight = weight.transpose(2, 3, 0, 1) if depthwise else weight.transpose(3, 2, 0, 1)
            stride = [int(item) for item in node["attr"]["strides"]["list"]["i"]][1:3]
            none = np.zeros(weight.shape[0], np.float32)
            group = weight.shape[0] if depthwise else 1
            return self.graph.conv(self.value(inputs[0]), weight, none, stride, [0] * 4, group)
        if op == "Reshape":  # the original flattens rows, columns, channels
            rows = self.graph.node("Transpose", [self.value(inputs[0])], perm=[0, 2, 3, 1])
            return self.graph.node("Flatten", [rows], axis=1)
        kinds = {"Sub": "Sub", "Mul": "Mul", "AddV2": "Add", "Maximum": "Max", "Minimum": "Min", "MatMul": "MatMul"}
        if op not in kinds:
            raise SystemExit("operator %s is not supported" % op)
        return self.graph.node(kinds[op], [self.value(item) for item in inputs])

    def convert(self, order):
        for node in order:
            if node["op"] != "Const":
                self.values[node["name"]] = self.emit(node)
        self.graph.add_output(self.values[order[-1]["name"]], "embedding", ["N", EMBEDDING])
        return self.graph.to_bytes()


def main(topology, weights, target):
    with open(topology, encoding="utf-8") as file:
        model = json.load(file)
    with open(weights, "rb") as file:
        arrays = read_weights(model["weightsManifest"][0], file.read())
    nodes = model["modelTopology"]["node"]
    with open(target, "wb") as file:
        file.write(Converter(nodes, arrays).convert(nodes))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Converts MobileFaceNet from a TensorFlow.js graph model to ONNX, and repairs it.

    python tfjs_to_onnx.py MODEL.json MODEL.bin OUTPUT.onnx [--faithful]

The graph as published gives nearly the same vector for every face. Its PReLUs are spelt
relu(x) + w * (x - |x|), and two things went wrong when it was made:

1. a ReLU was fused into 16 depthwise convolutions whose output also feeds the |x| branch, so that
   the negative half of their PReLU is always zero: the ReLU is taken out again;
2. all 33 `w` have the wrong sign: the slope of the PReLU is -2w, not 2w.

models/README.md holds the evidence. `--faithful` leaves both as they are, which lets the
conversion itself be compared with TensorFlow.js.
"""

import base64
import json
import sys

import numpy as np

from onnx_graph import Graph, same_pads

SIDE_PX = 112
EMBEDDING = 192
PRELUS, FUSED_PRELUS = 33, 16


def decoded(attribute):
    """The text of a string attribute, or the texts of a list of them."""
    if "list" in attribute:
        return [base64.b64decode(item).decode() for item in attribute["list"].get("s", [])]
    return base64.b64decode(attribute["s"]).decode()


def read_weights(manifest, data):
    """Name to array; the file holds the weights one after the other in the order of the manifest."""
    weights, offset = {}, 0
    for weight in manifest["weights"]:
        if "quantization" in weight:
            raise SystemExit("quantised weights are not supported")
        dtype = np.dtype(weight["dtype"]).newbyteorder("<")
        count = int(np.prod(weight["shape"], dtype=np.int64))
        array = np.frombuffer(data, dtype, count, offset).reshape(weight["shape"])
        weights[weight["name"]] = array
        offset += array.nbytes
    if offset != len(data):
        raise SystemExit("the weights file has %d bytes, its manifest names %d" % (len(data), offset))
    return weights


class Converter:
    def __init__(self, nodes, weights, faithful):
        self.nodes = {node["name"]: node for node in nodes}
        self.weights = weights
        self.faithful = faithful
        self.graph = Graph("mobilefacenet")
        self.values = {}  # node name -> ONNX value
        self.sides = {}  # node name -> side of its square map
        self.prelus, self.unfused = 0, 0

    def inputs(self, name):
        return self.nodes[name].get("input", [])

    def op(self, name):
        return self.nodes[name]["op"]

    def operands(self, name):
        """The nodes that must be emitted before this one."""
        if self.prelu_parts(name):
            return [self.prelu_parts(name)[0]]
        return [item for item in self.inputs(name) if self.op(item) != "Const"]

    def emission_order(self, output):
        """Every node that the output needs, operands first."""
        order, seen, stack = [], set(), [(output, False)]
        while stack:
            name, done = stack.pop()
            if done:
                order.append(name)
            elif name not in seen:
                seen.add(name)
                stack.append((name, True))
                stack.extend((item, False) for item in reversed(self.operands(name)))
        return order

    def value(self, name):
        """An emitted value, or a constant that broadcasts along NCHW."""
        if self.op(name) != "Const":
            return self.values[name]
        array = self.weights[name].astype(np.float32)
        return self.graph.constant(array.reshape((-1, 1, 1) if array.ndim else ()))

    def prelu_parts(self, name):
        """(x, w) where the node is a PReLU to repair: relu(x) + w * (x - |x|)."""
        if self.faithful or self.op(name) != "Add" or self.op(self.inputs(name)[1]) != "Mul":
            return None
        positive, product = self.inputs(name)
        difference, w = self.inputs(product)
        x = self.inputs(difference)[0]
        if self.op(difference) != "Sub" or self.op(self.inputs(difference)[1]) != "Abs":
            raise SystemExit("%s is not the PReLU this converter knows" % name)
        if positive != x and self.inputs(positive) != [x]:
            raise SystemExit("%s does not add the positive half of %s" % (name, x))
        return x, self.weights[w]

    def emit(self, name):
        op, inputs = self.op(name), self.inputs(name)
        if op == "Placeholder":
            self.sides[name] = SIDE_PX
            return self.graph.add_input("image", ["N", 3, SIDE_PX, SIDE_PX])
        if op in ("_FusedConv2D", "FusedDepthwiseConv2dNative"):
            return self.convolution(name)
        self.sides[name] = self.sides[self.operands(name)[0]]
        if self.prelu_parts(name):
            x, w = self.prelu_parts(name)
            self.prelus += 1
            return self.graph.prelu(self.value(x), -2 * w)
        if op == "Squeeze":
            return self.graph.node("Flatten", [self.value(inputs[0])], axis=1)
        if op == "Square":
            return self.graph.node("Mul", [self.value(inputs[0])] * 2)
        if op == "Sum":
            axes = self.graph.constant(np.array([1], np.int64))
            return self.graph.node("ReduceSum", [self.value(inputs[0]), axes], keepdims=1)
        if op == "Rsqrt":
            return self.graph.node("Reciprocal", [self.graph.node("Sqrt", [self.value(inputs[0])])])
        if op in ("Relu", "Abs", "Sub", "Mul", "Add", "Maximum"):
            kind = {"Maximum": "Max"}.get(op, op)
            return self.graph.node(kind, [self.value(item) for item in inputs])
        raise SystemExit("operator %s is not supported" % op)

    def convolution(self, name):
        attributes = self.nodes[name]["attr"]
        source, weight, bias = self.inputs(name)
        value = self.value(source)
        weight = self.weights[weight]
        group = 1
        if self.op(name) == "FusedDepthwiseConv2dNative":
            weight = weight.transpose(2, 3, 0, 1)  # HWC1
            group = weight.shape[0]
        else:
            weight = weight.transpose(3, 2, 0, 1)  # HWIO
        stride = [int(item) for item in attributes["strides"]["list"]["i"]][1:3]
        side = self.sides[source]
        if decoded(attributes["padding"]) == "SAME":
            pads = same_pads([side, side], weight.shape[2:], stride)
            self.sides[name] = -(-side // stride[0])
        else:
            pads = [0, 0, 0, 0]
            self.sides[name] = (side - weight.shape[2]) // stride[0] + 1
        out = self.graph.conv(value, weight, self.weights[bias], stride, pads, group)
        fused = decoded(attributes["fused_ops"])
        if fused == ["BiasAdd", "Relu"] and self.faithful:
            return self.graph.node("Relu", [out])
        if fused == ["BiasAdd", "Relu"]:
            self.unfused += 1
        elif fused != ["BiasAdd"]:
            raise SystemExit("%s fuses %s, which is not supported" % (name, fused))
        return out

    def convert(self):
        for name in self.emission_order("embeddings"):
            self.values[name] = self.emit(name)
        self.graph.add_output(self.values["embeddings"], "embedding", ["N", EMBEDDING])
        if not self.faithful and (self.prelus, self.unfused) != (PRELUS, FUSED_PRELUS):
            raise SystemExit("found %d PReLUs, %d of them fused" % (self.prelus, self.unfused))
        return self.graph.to_bytes()


def main(topology, weights, target, *flags):
    if flags not in ((), ("--faithful",)):
        raise SystemExit("the only flag is --faithful")
    with open(topology, encoding="utf-8") as file:
        model = json.load(file)
    with open(weights, "rb") as file:
        arrays = read_weights(model["weightsManifest"][0], file.read())
    converter = Converter(model["modelTopology"]["node"], arrays, faithful=bool(flags))
    with open(target, "wb") as file:
        file.write(converter.convert())


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Builds an ONNX model and writes it as bytes.

The file is written by hand, field by field in the order of their numbers, and not through the
`onnx` package: the bytes then depend on the weights and on this file alone, not on the version of
a protobuf library, so that the sha256 of a converted model can be pinned. Only what the three
converters need is here, and NumPy arrays are taken without importing NumPy. All activations are
float32 NCHW with a free batch dimension `N`.
"""

import struct

IR_VERSION = 8
OPSET = 17
PRODUCER = "realname"

FLOAT, INT64 = 1, 7  # TensorProto.DataType


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def payload(field, value):
    value = value.encode("utf-8") if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    """AttributeProto of an int, a string or a list of ints."""
    head = payload(1, name)
    if isinstance(value, int):
        return head + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return head + payload(4, value) + number(20, 3)
    return head + b"".join(number(8, item) for item in value) + number(20, 7)


def raw_tensor(name, kind, sides, data):
    """TensorProto of little-endian bytes in row-major order."""
    dims = b"".join(number(1, side) for side in sides)
    return dims + number(2, kind) + payload(8, name) + payload(9, data)


def tensor(name, array):
    """TensorProto of a NumPy array."""
    kind = {"float32": FLOAT, "int64": INT64}[array.dtype.name]
    sides = array.shape or (1,)  # a single number becomes a list of one
    return raw_tensor(name, kind, sides, array.astype(array.dtype.newbyteorder("<")).tobytes())


def value_info(name, shape):
    """ValueInfoProto of a float32 tensor; a dimension may be a name."""
    dims = b""
    for side in shape:
        dims += payload(1, payload(2, side) if isinstance(side, str) else number(1, side))
    return payload(1, name) + payload(2, payload(1, number(1, FLOAT) + payload(2, dims)))


class Graph:
    def __init__(self, name):
        self.name = name
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.values = 0

    def add_input(self, name, shape):
        self.inputs.append(value_info(name, shape))
        return name

    def add_output(self, value, name, shape):
        """Names `value` as the output `name`."""
        self.node("Identity", [value], output=name)
        self.outputs.append(value_info(name, shape))

    def constant(self, array):
        name = "c%d" % len(self.initializers)
        self.initializers.append(tensor(name, array))  # tobytes() gives row-major order
        return name

    def raw_constant(self, kind, sides, data):
        """A constant without NumPy: little-endian bytes in row-major order."""
        name = "c%d" % len(self.initializers)
        self.initializers.append(raw_tensor(name, kind, sides, data))
        return name

    def node(self, kind, inputs, output=None, **attributes):
        if output is None:
            output = "v%d" % self.values
            self.values += 1
        body = b"".join(payload(1, item) for item in inputs) + payload(2, output)
        body += payload(3, "n%d" % len(self.nodes)) + payload(4, kind)
        for key in sorted(attributes):
            body += payload(5, attribute(key, attributes[key]))
        self.nodes.append(body)
        return output

    def conv(self, value, weight, bias, stride, pads, group=1):
        """`weight` is OIHW; `pads` is top, left, bottom, right."""
        return self.node(
            "Conv",
            [value, self.constant(weight), self.constant(bias)],
            kernel_shape=list(weight.shape[2:]),
            strides=list(stride),
            pads=list(pads),
            group=group,
        )

    def prelu(self, value, slope):
        """PReLU with one slope a channel, written a*x + (1-a)*relu(x).

        ONNX Runtime's PRelu node costs two to three times as much on a CPU. max(x, a*x) would be
        wrong: slopes here also lie above 1 and below 0.
        """
        slope = slope.astype("float32").reshape(-1, 1, 1)
        linear = self.node("Mul", [value, self.constant(slope)])
        rest = self.constant(slope.dtype.type(1) - slope)
        positive = self.node("Mul", [self.node("Relu", [value]), rest])
        return self.node("Add", [linear, positive])

    def to_bytes(self):
        graph = b"".join(payload(1, node) for node in self.nodes) + payload(2, self.name)
        graph += b"".join(payload(5, item) for item in self.initializers)
        graph += b"".join(payload(11, item) for item in self.inputs)
        graph += b"".join(payload(12, item) for item in self.outputs)
        model = number(1, IR_VERSION) + payload(2, PRODUCER) + payload(7, graph)
        return model + payload(8, payload(1, "") + number(2, OPSET))


def same_pads(sides, kernel, stride):
    """TensorFlow's SAME padding as top, left, bottom, right: the odd pixel goes at the end."""
    begin, end = [], []
    for side, k, s in zip(sides, kernel, stride):
        total = max((-(-side // s) - 1) * s + k - side, 0)
        begin.append(total // 2)
        end.append(total - total // 2)
    return begin + end

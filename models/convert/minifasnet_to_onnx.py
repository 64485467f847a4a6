"""Converts a MiniFASNet checkpoint (.pth, PyTorch's form of before 1.6) to ONNX.

    python minifasnet_to_onnx.py CHECKPOINT.pth OUTPUT.onnx

Needs the standard library alone: neither PyTorch nor NumPy. The checkpoint is a row of pickles, of
which only the few names that describe tensors are let through, so that reading runs no code of the
file. The architecture follows from the checkpoint: a block whose weights include a squeeze-and-
excitation module gets one (V1SE), all others do not (V2).

Batch norm is folded into the convolution before it, and the last two linear layers with the batch
norm between them become one. Input `image` (N, 3, 80, 80): BGR, 0..255. Output `probabilities`
(N, 3): softmax over two-dimensional attack, live, other attack.
"""

import math
import pickle
import struct
import sys
from array import array
from collections import OrderedDict

import onnx_graph

MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER
PROTOCOL = 1001  # torch.serialization.PROTOCOL_VERSION
EPSILON = 1e-5  # of torch.nn.BatchNorm2d
PREFIX = "module."  # the checkpoint was saved from a DataParallel
SIDE_PX = 80


class Tensor:
    """Numbers in row-major order and the sides they are arranged in."""

    def __init__(self, sides, values):
        self.sides, self.values = tuple(sides), values

    def rows(self):
        """One list for each index of the first side."""
        length = len(self.values) // self.sides[0]
        return [self.values[i * length : (i + 1) * length] for i in range(self.sides[0])]


class Storage:
    """Numbers of the file that tensors are views of; filled once they were read."""

    def __init__(self, kind):
        self.kind, self.values = kind, None


class Checkpoint(pickle.Unpickler):
    """Reads the description of the tensors, and nothing else, from a pickle."""

    KINDS = {"FloatStorage": "f", "LongStorage": "q"}

    def __init__(self, file):
        super().__init__(file)
        self.storages, self.views = {}, []

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self.view
        if module == "torch" and name in self.KINDS:
            return self.KINDS[name]
        raise pickle.UnpicklingError("%s.%s does not belong into a checkpoint" % (module, name))

    def persistent_load(self, saved):
        word, kind, key = saved[:3]
        if word != "storage" or saved[5] is not None:
            raise pickle.UnpicklingError("only whole storages are read")
        return self.storages.setdefault(key, Storage(kind))

    def view(self, storage, offset, sides, strides, *_):
        dense = [math.prod(sides[i + 1 :]) for i in range(len(sides))]
        if list(strides) != dense:
            raise pickle.UnpicklingError("only tensors in row-major order are read")
        tensor = Tensor(sides, None)
        self.views.append((tensor, storage, offset))
        return tensor


def checkpoint(path):
    """The tensors of the file by name, without the prefix."""
    with open(path, "rb") as file:
        if pickle.load(file) != MAGIC or pickle.load(file) != PROTOCOL:
            sys.exit("%s is no checkpoint of PyTorch's older form" % path)
        pickle.load(file)  # of the machine that wrote it
        reader = Checkpoint(file)
        tensors = reader.load()
        for key in pickle.load(file):
            storage = reader.storages[key]
            (count,) = struct.unpack("<q", file.read(8))
            storage.values = array(storage.kind)
            storage.values.frombytes(file.read(count * storage.values.itemsize))
            if sys.byteorder == "big":
                storage.values.byteswap()
            if len(storage.values) != count:
                sys.exit("%s ends early" % path)
    for tensor, storage, offset in reader.views:
        tensor.values = list(storage.values[offset : offset + math.prod(tensor.sides)])
    return {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items()}


class Network:
    def __init__(self, tensors):
        self.tensors = tensors
        self.graph = onnx_graph.Graph("minifasnet")

    def has(self, name):
        return any(key.startswith(name + ".") for key in self.tensors)

    def norm(self, name):
        """Factor and summand of each channel of a batch norm."""
        part = lambda key: self.tensors["%s.%s" % (name, key)].values
        factors, summands = [], []
        for gain, bias, mean, variance in zip(
            part("weight"), part("bias"), part("running_mean"), part("running_var")
        ):
            factors.append(gain / math.sqrt(variance + EPSILON))
            summands.append(bias - mean * factors[-1])
        return factors, summands

    def conv(self, value, weight, norm, stride=1, pad=0):
        """A convolution with the batch norm behind it; one input channel means depthwise."""
        weight = self.tensors[weight + ".weight"]
        factors, summands = self.norm(norm)
        folded = [w * factor for row, factor in zip(weight.rows(), factors) for w in row]
        outputs, inputs, height, width = weight.sides
        return self.graph.node(
            "Conv",
            [value, self.floats(folded, weight.sides), self.floats(summands, [outputs])],
            kernel_shape=[height, width],
            strides=[stride, stride],
            pads=[pad] * 4,
            group=outputs if inputs == 1 else 1,
        )

    def block(self, value, name, stride=1, pad=0):
        """Convolution, batch norm and, where the checkpoint has slopes, PReLU."""
        value = self.conv(value, name + ".conv", name + ".bn", stride, pad)
        slopes = self.tensors.get(name + ".prelu.weight")
        if slopes is None:
            return value
        # a*x + (1-a)*relu(x), as in onnx_graph.Graph.prelu and for its reason.
        sides = [len(slopes.values), 1, 1]
        linear = self.graph.node("Mul", [value, self.floats(slopes.values, sides)])
        rest = self.floats([1.0 - slope for slope in slopes.values], sides)
        positive = self.graph.node("Mul", [self.graph.node("Relu", [value]), rest])
        return self.graph.node("Add", [linear, positive])

    def bottleneck(self, value, name, stride):
        value = self.block(value, name + ".conv")
        value = self.block(value, name + ".conv_dw", stride, pad=1)
        value = self.block(value, name + ".project")
        if self.has(name + ".se_module"):
            value = self.excited(value, name + ".se_module")
        return value

    def excited(self, value, name):
        """Squeeze and excitation: each channel times a share that follows from all of them."""
        share = self.graph.node("GlobalAveragePool", [value])
        share = self.graph.node("Relu", [self.conv(share, name + ".fc1", name + ".bn1")])
        share = self.graph.node("Sigmoid", [self.conv(share, name + ".fc2", name + ".bn2")])
        return self.graph.node("Mul", [value, share])

    def residual(self, value, name):
        index = 0
        while self.has("%s.model.%d" % (name, index)):
            inner = self.bottleneck(value, "%s.model.%d" % (name, index), stride=1)
            value = self.graph.node("Add", [value, inner])
            index += 1
        return value

    def classes(self, value):
        """Both linear layers and the batch norm between them as one, then softmax."""
        factors, summands = self.norm("bn")
        inner = self.tensors["linear.weight"]
        outer = self.tensors["prob.weight"].rows()
        columns = list(zip(*inner.rows()))
        scaled = [[w * factor for w, factor in zip(row, factors)] for row in outer]
        weight = [math.fsum(a * b for a, b in zip(row, column)) for row in scaled for column in columns]
        bias = [math.fsum(w * summand for w, summand in zip(row, summands)) for row in outer]
        sides = [len(outer), inner.sides[1], 1, 1]
        value = self.graph.node(
            "Conv",
            [value, self.floats(weight, sides), self.floats(bias, [len(outer)])],
            kernel_shape=[1, 1],
        )
        value = self.graph.node("Flatten", [value], axis=1)
        return self.graph.node("Softmax", [value], axis=1)

    def floats(self, values, sides):
        return self.graph.raw_constant(onnx_graph.FLOAT, sides, struct.pack("<%df" % len(values), *values))

    def to_bytes(self):
        value = self.graph.add_input("image", ["N", 3, SIDE_PX, SIDE_PX])
        value = self.block(value, "conv1", stride=2, pad=1)
        value = self.block(value, "conv2_dw", pad=1)
        for name in ["conv_23", "conv_3", "conv_34", "conv_4", "conv_45", "conv_5"]:
            if self.has(name + ".model"):
                value = self.residual(value, name)
            else:
                value = self.bottleneck(value, name, stride=2)
        value = self.block(value, "conv_6_sep")
        value = self.block(value, "conv_6_dw")
        self.graph.add_output(self.classes(value), "probabilities", ["N", 3])
        return self.graph.to_bytes()


if __name__ == "__main__":
    source, output = sys.argv[1:]
    converted = Network(checkpoint(source)).to_bytes()
    with open(output, "wb") as file:
        file.write(converted)

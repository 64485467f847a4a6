"""Converts MediaPipe's face models from TensorFlow Lite to ONNX.

    python tflite_to_onnx.py SOURCE.tflite OUTPUT.onnx INPUT_NAME OUTPUT_NAME...

Float16 and sparse weights are unpacked to float32. The input becomes NCHW; outputs keep the shape
they have in the original with a free batch dimension, and a 1x1 map becomes (N, channels). The
names given stand for the inputs and outputs of the original, in its order.
"""

import sys

import numpy as np
import tflite

from onnx_graph import Graph, same_pads

OP_NAMES = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}
DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}


def options(op, kind):
    table = op.BuiltinOptions()
    parsed = kind()
    parsed.Init(table.Bytes, table.Pos)
    return parsed


def index_array(vector_type, table):
    """An array of a sparse dimension: a union of three integer widths."""
    kinds = {
        tflite.SparseIndexVector.Int32Vector: tflite.Int32Vector,
        tflite.SparseIndexVector.Uint16Vector: tflite.Uint16Vector,
        tflite.SparseIndexVector.Uint8Vector: tflite.Uint8Vector,
    }
    vector = kinds[vector_type]()
    vector.Init(table.Bytes, table.Pos)
    return vector.ValuesAsNumpy().astype(np.int64)


def densified(values, shape, sparsity):
    """The dense array of a tensor stored with TFLite's sparsity parameters.

    Levels are walked in traversal order; each is dense (every index) or compressed (the indices
    listed for this segment). Levels past the rank are positions within a block of `block_map`.
    """
    order = sparsity.TraversalOrderAsNumpy()
    blocks = sparsity.BlockMapAsNumpy() if sparsity.BlockMapLength() else []
    coordinates = np.zeros((1, len(order)), np.int64)  # one row for each stored path so far
    for level, axis in enumerate(order):
        dim = sparsity.DimMetadata(level)
        paths = len(coordinates)
        if dim.Format() == tflite.DimensionType.DENSE:
            size = dim.DenseSize()
            coordinates = np.repeat(coordinates, size, axis=0)
            coordinates[:, axis] = np.tile(np.arange(size), paths)
        else:
            segments = index_array(dim.ArraySegmentsType(), dim.ArraySegments())
            indices = index_array(dim.ArrayIndicesType(), dim.ArrayIndices())
            coordinates = np.repeat(coordinates, np.diff(segments), axis=0)
            coordinates[:, axis] = indices
    block_sizes = {
        int(axis): sparsity.DimMetadata(len(shape) + k).DenseSize() for k, axis in enumerate(blocks)
    }
    position = coordinates[:, : len(shape)].copy()
    for k, axis in enumerate(blocks):
        position[:, axis] = position[:, axis] * block_sizes[int(axis)] + coordinates[:, len(shape) + k]
    dense = np.zeros(shape, values.dtype)
    dense[tuple(position.T)] = values[: len(position)]
    return dense


class Converter:
    def __init__(self, data, names):
        self.model = tflite.Model.GetRootAsModel(data, 0)
        self.subgraph = self.model.Subgraphs(0)
        self.names = names
        self.graph = Graph("tflite")
        self.values = {}  # tensor index -> name in the ONNX graph
        self.constants = {}  # tensor index -> array unpacked by DEQUANTIZE or DENSIFY
        self.spatial_pads = {}  # tensor index -> (unpadded tensor index, pads)

    def tensor(self, index):
        return self.subgraph.Tensors(int(index))

    def shape(self, index):
        tensor = self.tensor(index)
        return [int(side) for side in tensor.ShapeAsNumpy()] if tensor.ShapeLength() else []

    def constant(self, index):
        index = int(index)
        if index in self.constants:
            return self.constants[index]
        tensor = self.tensor(index)
        data = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        values = np.frombuffer(data.tobytes(), DTYPES[tensor.Type()])
        if tensor.Sparsity() is not None:
            return densified(values, self.shape(index), tensor.Sparsity())
        return values.reshape(self.shape(index))

    def value(self, index):
        """The ONNX value of an activation; a padding not taken up by a convolution is emitted."""
        index = int(index)
        if index not in self.values and index in self.spatial_pads:
            source, pads = self.spatial_pads[index]
            self.values[index] = self.pad(self.value(source), [0, 0] + pads[:2] + [0, 0] + pads[2:])
        return self.values[index]

    def pad(self, value, pads):
        return self.graph.node("Pad", [value, self.graph.constant(np.array(pads, np.int64))])

    def activated(self, value, activation):
        if activation == tflite.ActivationFunctionType.NONE:
            return value
        if activation == tflite.ActivationFunctionType.RELU:
            return self.graph.node("Relu", [value])
        raise SystemExit("activation %d is not supported" % activation)

    def convolution(self, source, weight, bias, parsed, group):
        """`weight` is OIHW."""
        source = int(source)
        stride = (parsed.StrideH(), parsed.StrideW())
        if parsed.DilationHFactor() != 1 or parsed.DilationWFactor() != 1:
            raise SystemExit("dilated convolutions are not supported")
        pads = [0, 0, 0, 0]
        if parsed.Padding() == tflite.Padding.SAME:
            pads = same_pads(self.shape(source)[1:3], weight.shape[2:], stride)
        elif source in self.spatial_pads:
            source, pads = self.spatial_pads[source]
        out = self.graph.conv(
            self.value(source), weight.astype(np.float32), self.constant(bias).astype(np.float32),
            stride, pads, group,
        )
        return self.activated(out, parsed.FusedActivationFunction())

    def op_conv_2d(self, op, inputs):
        weight = self.constant(inputs[1]).transpose(0, 3, 1, 2)
        return self.convolution(inputs[0], weight, inputs[2], options(op, tflite.Conv2DOptions), 1)

    def op_depthwise_conv_2d(self, op, inputs):
        weight = self.constant(inputs[1]).transpose(3, 0, 1, 2)
        parsed = options(op, tflite.DepthwiseConv2DOptions)
        return self.convolution(inputs[0], weight, inputs[2], parsed, weight.shape[0])

    def op_max_pool_2d(self, op, inputs):
        parsed = options(op, tflite.Pool2DOptions)
        kernel = (parsed.FilterHeight(), parsed.FilterWidth())
        stride = (parsed.StrideH(), parsed.StrideW())
        pads = [0, 0, 0, 0]
        if parsed.Padding() == tflite.Padding.SAME:
            pads = same_pads(self.shape(inputs[0])[1:3], kernel, stride)
        out = self.graph.node(
            "MaxPool", [self.value(inputs[0])],
            kernel_shape=list(kernel), strides=list(stride), pads=pads,
        )
        return self.activated(out, parsed.FusedActivationFunction())

    def op_pad(self, op, inputs):
        pads = self.constant(inputs[1]).tolist()  # NHWC rows of (begin, end)
        n, h, w, c = pads
        if n == [0, 0] and c == [0, 0]:
            self.spatial_pads[int(op.Outputs(0))] = (int(inputs[0]), [h[0], w[0], h[1], w[1]])
            return None
        nchw = [n, c, h, w]
        flat = [begin for begin, _ in nchw] + [end for _, end in nchw]
        return self.pad(self.value(inputs[0]), flat)

    def op_relu(self, op, inputs):
        return self.graph.node("Relu", [self.value(inputs[0])])

    def op_prelu(self, op, inputs):
        return self.graph.prelu(self.value(inputs[0]), self.constant(inputs[1]).reshape(-1))

    def op_add(self, op, inputs):
        out = self.graph.node("Add", [self.value(inputs[0]), self.value(inputs[1])])
        return self.activated(out, options(op, tflite.AddOptions).FusedActivationFunction())

    def op_resize_bilinear(self, op, inputs):
        parsed = options(op, tflite.ResizeBilinearOptions)
        mode = "asymmetric"
        if parsed.AlignCorners():
            mode = "align_corners"
        elif parsed.HalfPixelCenters():
            mode = "half_pixel"
        source = self.shape(inputs[0])
        target = self.constant(inputs[1])
        scales = np.array([1, 1, target[0] / source[1], target[1] / source[2]], np.float32)
        return self.graph.node(
            "Resize", [self.value(inputs[0]), "", self.graph.constant(scales)],
            mode="linear", coordinate_transformation_mode=mode,
        )

    def op_depth_to_space(self, op, inputs):
        size = options(op, tflite.DepthToSpaceOptions).BlockSize()
        return self.graph.node(
            "DepthToSpace", [self.value(inputs[0])], blocksize=size, mode="DCR"
        )

    def op_reshape(self, op, inputs):
        value = self.graph.node("Transpose", [self.value(inputs[0])], perm=[0, 2, 3, 1])
        shape = self.shape(op.Outputs(0))
        target = self.graph.constant(np.array([0] + shape[1:], np.int64))  # 0 keeps the batch
        return self.graph.node("Reshape", [value, target])

    def op_concatenation(self, op, inputs):
        parsed = options(op, tflite.ConcatenationOptions)
        if len(self.shape(inputs[0])) != 3:
            raise SystemExit("only lists of anchors are concatenated")
        return self.graph.node("Concat", [self.value(i) for i in inputs], axis=parsed.Axis())

    def convert_operator(self, op):
        code = self.model.OperatorCodes(op.OpcodeIndex())
        name = OP_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = op.InputsAsNumpy()
        out = int(op.Outputs(0))
        if name in ("DEQUANTIZE", "DENSIFY"):
            self.constants[out] = self.constant(inputs[0])
            return
        handler = getattr(self, "op_" + name.lower(), None)
        if handler is None:
            raise SystemExit("operator %s is not supported" % name)
        value = handler(op, inputs)
        if value is not None:
            self.values[out] = value

    def convert(self):
        source = int(self.subgraph.Inputs(0))
        _, height, width, channels = self.shape(source)
        name = self.graph.add_input(self.names[0], ["N", channels, height, width])
        self.values[source] = name
        for k in range(self.subgraph.OperatorsLength()):
            self.convert_operator(self.subgraph.Operators(k))
        for index, name in zip(self.subgraph.OutputsAsNumpy(), self.names[1:]):
            value, shape = self.value(index), self.shape(index)
            if len(shape) == 4:
                value = self.graph.node("Flatten", [value], axis=1)
                shape = [1, shape[3]] if shape[1:3] == [1, 1] else None
            self.graph.add_output(value, name, ["N"] + shape[1:])
        return self.graph.to_bytes()


def main(source, target, *names):
    with open(source, "rb") as file:
        data = file.read()
    converter = Converter(data, names)
    if len(names) != 1 + converter.subgraph.OutputsLength():
        raise SystemExit("name the input and each of the %d outputs" % converter.subgraph.OutputsLength())
    with open(target, "wb") as file:
        file.write(converter.convert())


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Loads an exported network back into PyTorch, to go on training from the committed weights.

The export folds batch norm into the convolutions. Here each batch norm is given the statistics that
its convolution has on a batch of pictures, with a scale and shift that undo them: the network
computes what the file does, and can be trained on.
"""
import onnx
import torch
from onnx import numpy_helper
from torch import nn


def convolutions(path):
    """Weight and bias of the convolutions in a file, in the order in which they run."""
    graph = onnx.load(path).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].astype("float32")
    return [[torch.tensor(values[name]) for name in node.input[1:3]] for node in graph.node if node.op_type == "Conv"]


@torch.no_grad()
def load_exported(net, path, pictures):
    """Puts the weights of an exported file into `net`, whose batch norms are set on `pictures`."""
    saved = convolutions(path)
    fed, pending = iter(saved), {}
    follows = {}
    for parent in net.modules():
        children = list(parent.children()) if isinstance(parent, nn.Sequential) else []
        for first, second in zip(children, children[1:]):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                follows[first] = second

    def fill(conv, _):
        weight, bias = next(fed)
        assert weight.shape == conv.weight.shape, (weight.shape, conv.weight.shape)
        conv.weight.copy_(weight)
        if conv in follows:
            pending[follows[conv]] = bias
        else:
            conv.bias.copy_(bias)

    def settle(norm, inputs):
        (x,) = inputs
        norm.running_mean.copy_(x.mean((0, 2, 3)))
        norm.running_var.copy_(x.var((0, 2, 3), unbiased=False))
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(norm.running_mean + pending.pop(norm))

    hooks = [m.register_forward_pre_hook(fill) for m in net.modules() if isinstance(m, nn.Conv2d)]
    hooks += [m.register_forward_pre_hook(settle) for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    net.eval()(pictures)
    for hook in hooks:
        hook.remove()
    assert not pending and next(fed, None) is None
    net.train()

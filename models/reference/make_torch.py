"""Reference vectors of the MiniFASNet checkpoints, made with PyTorch.

    python make_torch.py CHECKPOINT.pth NAME

Writes NAME.json beside this script. PyTorch reads the checkpoint and runs its own operators on it,
batch norm unfolded, in the order of upstream's `src/model_lib/MiniFASNet.py`; nothing is shared
with models/convert. The pictures' three channels are fed as they are, which the model takes for BGR.
"""

import hashlib
import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

from patterns import PATTERNS

SIDE_PX = 80


class Network:
    def __init__(self, state):
        self.state = {name.replace("module.", "", 1): value for name, value in state.items()}

    def has(self, name):
        return any(key.startswith(name + ".") for key in self.state)

    def norm(self, x, name):
        parts = [self.state["%s.%s" % (name, key)] for key in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *parts)

    def block(self, x, name, stride=1, padding=0):
        weight = self.state[name + ".conv.weight"]
        groups = weight.shape[0] if weight.shape[1] == 1 else 1
        x = F.conv2d(x, weight, stride=stride, padding=padding, groups=groups)
        x = self.norm(x, name + ".bn")
        slope = self.state.get(name + ".prelu.weight")
        return x if slope is None else F.prelu(x, slope)

    def bottleneck(self, x, name, stride):
        x = self.block(x, name + ".conv")
        x = self.block(x, name + ".conv_dw", stride, 1)
        x = self.block(x, name + ".project")
        se = name + ".se_module"
        if self.has(se):
            share = F.conv2d(F.adaptive_avg_pool2d(x, 1), self.state[se + ".fc1.weight"])
            share = F.relu(self.norm(share, se + ".bn1"))
            share = self.norm(F.conv2d(share, self.state[se + ".fc2.weight"]), se + ".bn2")
            x = x * torch.sigmoid(share)
        return x

    def residual(self, x, name, count):
        for index in range(count):
            x = x + self.bottleneck(x, "%s.model.%d" % (name, index), 1)
        return x

    def __call__(self, x):
        x = self.block(x, "conv1", 2, 1)
        x = self.block(x, "conv2_dw", 1, 1)
        x = self.residual(self.bottleneck(x, "conv_23", 2), "conv_3", 4)
        x = self.residual(self.bottleneck(x, "conv_34", 2), "conv_4", 6)
        x = self.residual(self.bottleneck(x, "conv_45", 2), "conv_5", 2)
        x = self.block(self.block(x, "conv_6_sep"), "conv_6_dw").flatten(1)
        x = self.norm(F.linear(x, self.state["linear.weight"]), "bn")
        return F.softmax(F.linear(x, self.state["prob.weight"]), dim=1)


def main(path, name):
    network = Network(torch.load(path, map_location="cpu"))
    cases = {}
    for pattern, draw in PATTERNS.items():
        pixels = draw(SIDE_PX)
        image = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]
        with torch.no_grad():
            probabilities = network(image)[0].tolist()
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        cases[pattern] = {"input_sha256": digest, "probabilities": [float("%.9g" % p) for p in probabilities]}
    record = {
        "model": name,
        "made_with": "torch " + torch.__version__,
        "source_sha256": hashlib.sha256(open(path, "rb").read()).hexdigest(),
        "side_px": SIDE_PX,
        "mean": 0.0,
        "deviation": 1.0,
        "stride": 1,
        "cases": cases,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".json")
    with open(path, "w") as file:
        json.dump(record, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

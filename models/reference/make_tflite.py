"""Reference vectors of the three MediaPipe models, made with the original runtime.

    python make_tflite.py MODEL.tflite NAME SIDE_PX MEAN DEVIATION STRIDE OUTPUT...

Writes NAME.json beside this script. OUTPUTs name the outputs of the original in its order. Of an
output of anchors every STRIDE-th anchor is kept.
"""

import hashlib
import importlib.metadata
import json
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from patterns import PATTERNS


def main(model, name, side, mean, deviation, stride, *outputs):
    side, stride = int(side), int(stride)
    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    details = {d["index"]: d for d in interpreter.get_output_details()}
    cases = {}
    for pattern, draw in PATTERNS.items():
        pixels = draw(side)
        tensor = (pixels.astype(np.float32) - np.float32(mean)) / np.float32(deviation)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], tensor[None])
        interpreter.invoke()
        case = {"input_sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}
        for detail, output in zip(details.values(), outputs):
            value = interpreter.get_tensor(detail["index"])
            rows = value[0] if value.ndim == 3 else value.reshape(-1, 1)
            case[output] = [float(str(number)) for number in rows[::stride].ravel()]
        cases[pattern] = case
    record = {
        "model": name,
        "made_with": "ai-edge-litert " + importlib.metadata.version("ai-edge-litert"),
        "source_sha256": hashlib.sha256(open(model, "rb").read()).hexdigest(),
        "side_px": side,
        "mean": float(mean),
        "deviation": float(deviation),
        "stride": stride,
        "cases": cases,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".json")
    with open(path, "w") as file:
        json.dump(record, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

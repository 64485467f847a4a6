"""Face comparison in plain Python: the same models, nothing of this program's code.

    python plain_faces.py PAIRS.tsv SCORES.tsv [--models FOLDER]

PAIRS has the columns that `realname eval faces` takes: reference, probe (paths from the table's
folder; several probe frames separated by `;` are averaged), genuine (1 or 0) and, where wanted,
group. SCORES repeats the table with `distance` (1 - cosine) and `status` appended, which is what
`realname calibrate` and `realname eval faces --scores` read.

Written from the publishers' descriptions with onnxruntime, NumPy and Pillow alone, and as plainly
as can be: bilinear sampling of a photo halved until no pixel is skipped, no search beyond one look
by the near detector and one by the far one. It is what the program's accuracy is compared with.
"""

import argparse
import csv
import glob
import os

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

ARCFACE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
NEAR = [(16, 2, 8.0), (8, 6, 16.0)]  # cells, anchors a cell, pixels a cell
FAR = [(48, 1, 4.0)]
EYES = ((33, 133), (263, 362))
NOSE, MOUTH = 4, (61, 291)


def session(folder, name):
    digits = "[0-9a-f]" * 16  # the begin of the sha256, so that no longer name is taken for this one
    path = sorted(glob.glob(os.path.join(folder, name + "-" + digits + ".onnx")))[0]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def sampled(photo, matrix, side):
    """`side` x `side` pixels of `photo`; `matrix` (2x3) maps the crop's frame to the photo's."""
    step = np.hypot(*matrix[:, 0])
    while step > 1.5 and min(photo.shape[:2]) > 1:  # halve first, so that no pixel is skipped
        height, width = (length // 2 * 2 for length in photo.shape[:2])
        photo = photo[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))
        matrix, step = matrix / 2, step / 2
    y, x = np.mgrid[0:side, 0:side] + 0.5
    u, v = (matrix @ np.stack([x.ravel(), y.ravel(), np.ones(side * side)])).reshape(2, side, side) - 0.5
    return bilinear(photo, u, v)


def bilinear(photo, u, v):
    height, width = photo.shape[:2]
    inside = ((u > -1) & (u < width) & (v > -1) & (v < height))[..., None]
    u, v = np.clip(u, 0, width - 1.001), np.clip(v, 0, height - 1.001)
    x, y = u.astype(int), v.astype(int)
    p, q = (u - x)[..., None], (v - y)[..., None]
    x1, y1 = np.minimum(x + 1, width - 1), np.minimum(y + 1, height - 1)
    top = photo[y, x] * (1 - p) + photo[y, x1] * p
    low = photo[y1, x] * (1 - p) + photo[y1, x1] * p
    return (top * (1 - q) + low * q) * inside


def similarity(source, target):
    """2x3 of the least-squares rotation, scale and shift from `source` to `target`."""
    s, t = source - source.mean(0), target - target.mean(0)
    a = (s * t).sum() / (s**2).sum()
    b = (s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum() / (s**2).sum()
    rotation = np.array([[a, -b], [b, a]])
    return np.c_[rotation, target.mean(0) - rotation @ source.mean(0)]


def run(network, crop, mean, deviation):
    tensor = ((crop - mean) / deviation).astype(np.float32).transpose(2, 0, 1)[None]
    return network.run(None, {network.get_inputs()[0].name: tensor})


def detect(photo, network, side, grids):
    """The largest face that the detector sees: box (x, y, w, h) and six keypoints, or None."""
    height, width = photo.shape[:2]
    scale = max(height, width) / side
    shift = (width - side * scale) / 2, (height - side * scale) / 2
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    boxes, scores = run(network, sampled(photo, matrix, side), 127.5, 127.5)
    anchors = []
    for cells, count, pitch in grids:
        y, x = np.mgrid[0:cells, 0:cells] + 0.5
        anchors.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1) * pitch, count, axis=0))
    anchors = np.concatenate(anchors)
    boxes, scores = boxes[0], 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80).astype(np.float64)))
    found = np.flatnonzero(scores >= 0.5)
    faces = []
    while len(found):
        best = found[np.argmax(scores[found])]
        same = np.array([iou(boxes[best], anchors[best], boxes[i], anchors[i]) > 0.3 for i in found])
        weights = scores[found[same]][:, None]
        points = np.concatenate([boxes[found[same], :2], boxes[found[same], 4:]], 1)
        points = points.reshape(len(weights), 7, 2) + anchors[found[same], None]
        points = (points * weights[..., None]).sum(0) / weights.sum()
        size = (boxes[found[same], 2:4] * weights).sum(0) / weights.sum()
        points = points * scale + shift
        faces.append((np.concatenate([points[0] - size * scale / 2, size * scale]), points[1:]))
        found = found[~same]
    return max(faces, key=lambda face: face[0][2] * face[0][3]) if faces else None


def iou(a, anchor_a, b, anchor_b):
    centers = a[:2] + anchor_a, b[:2] + anchor_b
    low = np.maximum(centers[0] - a[2:4] / 2, centers[1] - b[2:4] / 2)
    high = np.minimum(centers[0] + a[2:4] / 2, centers[1] + b[2:4] / 2)
    shared = np.prod(np.maximum(high - low, 0))
    return shared / (np.prod(a[2:4]) + np.prod(b[2:4]) - shared)


def mesh(photo, network, box, left, right):
    """468 points in the photo's frame, or None where the network says that this is no face."""
    for _ in range(2):
        scale = 1.5 * max(box[2:]) / 192
        angle = np.arctan2(right[1] - left[1], right[0] - left[0])
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = np.c_[turn, box[:2] + box[2:] / 2 - turn @ [96, 96]]
        points, flag = run(network, sampled(photo, matrix, 192), 0, 255)
        if flag.ravel()[0] < 0:
            return None
        points = points.reshape(468, 3)[:, :2] @ turn.T + matrix[:, 2]
        low, high = points.min(0), points.max(0)
        box = np.concatenate([low, high - low])
        left, right = points[list(EYES[0])].mean(0), points[list(EYES[1])].mean(0)
    return points


class Faces:
    def __init__(self, folder, embedding="face-embedding-mobilefacenet"):
        self.near, self.far = session(folder, "face-detector-near"), session(folder, "face-detector-far")
        self.mesh = session(folder, "face-mesh")
        self.embedding = session(folder, embedding)
        self.known = {}

    def face(self, photo):
        for network, side, grids in [(self.near, 128, NEAR), (self.far, 192, FAR)]:
            found = detect(photo, network, side, grids)
            if found is not None:
                box, keypoints = found
                points = mesh(photo, self.mesh, box, keypoints[0], keypoints[1])
                if points is not None:
                    return box, points
        return None

    def of(self, path):
        if path not in self.known:
            photo = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
            self.known[path] = self.vector(np.asarray(photo, dtype=np.float32))
        return self.known[path]

    def vector(self, photo):
        found = self.face(photo)
        if found is None:
            return None
        _, points = found
        eyes = [points[list(eye)].mean(0) for eye in EYES]
        five = np.array(eyes + [points[NOSE], points[MOUTH[0]], points[MOUTH[1]]])
        crop = sampled(photo, similarity(ARCFACE, five), 112)
        vector = run(self.embedding, crop, 127.5, 128)[0][0].astype(np.float64)
        return vector / np.linalg.norm(vector)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs")
    parser.add_argument("scores")
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    parser.add_argument("--models", default=os.path.join(cache, "realname", "models"))
    arguments = parser.parse_args()
    faces = Faces(arguments.models)
    folder = os.path.dirname(os.path.abspath(arguments.pairs))
    with open(arguments.pairs, newline="") as table, open(arguments.scores, "w", newline="") as out:
        rows = csv.DictReader(table, delimiter="\t")
        writer = csv.DictWriter(
            out, rows.fieldnames + ["distance", "status"], delimiter="\t", lineterminator="\n"
        )
        writer.writeheader()
        for row in rows:
            reference = faces.of(os.path.join(folder, row["reference"]))
            probes = [faces.of(os.path.join(folder, name)) for name in row["probe"].split(";")]
            probes = [probe for probe in probes if probe is not None]
            if reference is None or not probes:
                writer.writerow({**row, "distance": "", "status": "no_face"})
                continue
            template = np.sum(probes, axis=0)
            distance = 1 - reference @ template / np.linalg.norm(template)
            writer.writerow({**row, "distance": "%.6f" % distance, "status": "ok"})


if __name__ == "__main__":
    main()

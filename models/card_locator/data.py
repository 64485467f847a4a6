"""Reads the shards of `realname-fixtures training` and makes batches of them.

A shard NNN is photos-NNN.bin (u8, n x 320 x 320 x 3, each photo letterboxed in black),
masks-NNN.bin (u8, n x 80 x 80, the visible share of a card in each cell of 4 x 4 pixels) and
labels-NNN.jsonl (a line for each photo).
"""
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

SIDE, CELLS = 320, 80


class Shards:
    """All photos of a folder, mapped into memory; new shards are picked up by `refresh`."""

    def __init__(self, folder):
        self.folder, self.known = Path(folder), {}
        self.refresh()

    def refresh(self):
        # A shard is complete when its labels are there: they are written last.
        for labels in sorted(self.folder.glob("labels-*.jsonl")):
            if labels.name in self.known:
                continue
            lines = [json.loads(line) for line in labels.read_text().splitlines()]
            tail = labels.name[len("labels") : -len(".jsonl")]
            photos = np.memmap(self.folder / f"photos{tail}.bin", np.uint8, "r")
            if photos.size != len(lines) * SIDE * SIDE * 3:
                continue
            masks = np.memmap(self.folder / f"masks{tail}.bin", np.uint8, "r")
            self.known[labels.name] = (
                photos.reshape(-1, SIDE, SIDE, 3), masks.reshape(-1, CELLS, CELLS), lines,
            )
        self.index = [(k, i) for k, shard in self.known.items() for i in range(len(shard[2]))]

    def __len__(self):
        return len(self.index)

    def __getitem__(self, n):
        key, i = self.index[n]
        photos, masks, lines = self.known[key]
        return photos[i], masks[i], lines[i]


def crop_boxes(labels, rng, augment):
    """The part of each letterboxed photo that is looked at: x, y, width, height."""
    boxes = []
    for label in labels:
        x, y, w, h = label["x0"], label["y0"], label["w"], label["h"]
        if augment and rng.random() < 0.5:
            fw, fh = rng.uniform(0.7, 1.0, 2)
            x, y = x + rng.uniform(0, 1 - fw) * w, y + rng.uniform(0, 1 - fh) * h
            w, h = w * fw, h * fh
        boxes.append((x, y, w, h))
    return np.array(boxes, np.float32)


def batch(shards, rows, rng, side=256, augment=True):
    """Pictures (N x 3 x side x side, 0..1), masks (N x 80 x 80) and each photo's cards with their
    corners in the pixels of the picture."""
    samples = [shards[i] for i in rows]
    photos = torch.from_numpy(np.stack([s[0] for s in samples])).permute(0, 3, 1, 2).float() / 255
    masks = torch.from_numpy(np.stack([s[1] for s in samples]))[:, None].float() / 255
    labels = [s[2] for s in samples]
    boxes = crop_boxes(labels, rng, augment)
    turns = rng.integers(0, 4, len(rows)) if augment else np.zeros(len(rows), int)
    longest = boxes[:, 2:].max(1)
    scale = side / longest  # picture pixels for each photo pixel
    n = len(rows)

    # From the picture's pixels (centred, turned back) to the photo's.
    def grid(count, reach):
        """Photo positions of a count x count grid over a canvas `reach` pixels wide."""
        step = (np.arange(count) + 0.5) * reach / count - reach / 2
        u, v = np.meshgrid(step, step)
        out = np.empty((n, count, count, 2), np.float32)
        for k in range(n):
            cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][turns[k]]
            out[k, ..., 0] = boxes[k, 0] + boxes[k, 2] / 2 + (cos * u + sin * v) / scale[k]
            out[k, ..., 1] = boxes[k, 1] + boxes[k, 3] / 2 + (-sin * u + cos * v) / scale[k]
        return out

    def sample(source, positions):
        unit = torch.from_numpy(positions) * (2 / SIDE) - 1
        inside = torch.ones(n, 1, *positions.shape[1:3])
        for k in range(n):
            x, y = positions[k, ..., 0], positions[k, ..., 1]
            bx, by, bw, bh = boxes[k]
            outside = (x < bx) | (x > bx + bw) | (y < by) | (y > by + bh)
            inside[k, 0][torch.from_numpy(outside)] = 0
        return F.grid_sample(source, unit, mode="bilinear", padding_mode="zeros", align_corners=False) * inside

    pictures = sample(photos, grid(side, side))
    if augment:
        pictures = recoloured(pictures, rng)
    canvas = sample(masks, grid(CELLS, side * CELLS * 4 / 256))[:, 0]
    cards = []
    for k, label in enumerate(labels):
        cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][turns[k]]
        mine = []
        for card in label["cards"]:
            c = np.array(card["corners"], np.float32) - (boxes[k, :2] + boxes[k, 2:] / 2)
            turned = np.stack([cos * c[:, 0] - sin * c[:, 1], sin * c[:, 0] + cos * c[:, 1]], 1)
            mine.append({**card, "corners": turned * scale[k] + side / 2})
        cards.append(mine)
    return pictures, canvas, cards


def recoloured(x, rng):
    """Random exposure, contrast, tint, grey, blur and noise."""
    n = len(x)
    pick = lambda low, high: torch.from_numpy(rng.uniform(low, high, n).astype(np.float32)).view(n, 1, 1, 1)
    black = (x.amax(1, keepdim=True) > 0).float()  # the letterbox stays black
    x = x * pick(0.7, 1.3) + pick(-0.05, 0.08)
    x = x.clamp(0.001, 1) ** pick(0.75, 1.35)
    tint = torch.from_numpy(rng.normal(1, 0.06, (n, 3, 1, 1)).astype(np.float32))
    x = x * tint
    for k in range(n):
        if rng.random() < 0.08:
            x[k] = x[k].mean(0, keepdim=True)
        if rng.random() < 0.15:
            x[k : k + 1] = F.avg_pool2d(x[k : k + 1], 3, 1, 1)
        if rng.random() < 0.3:
            x[k] += torch.randn_like(x[k]) * rng.uniform(0, 0.05)
    return x.clamp(0, 1) * black

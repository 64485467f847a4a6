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


def crop_box(label, rng, augment):
    """The part of a letterboxed photo that is looked at: x, y, width, height in whole pixels."""
    x, y, w, h = label["x0"], label["y0"], label["w"], label["h"]
    if augment and rng.random() < 0.5:
        cw, ch = int(w * rng.uniform(0.7, 1.0)), int(h * rng.uniform(0.7, 1.0))
        x, y = x + int(rng.integers(0, w - cw + 1)), y + int(rng.integers(0, h - ch + 1))
        w, h = cw, ch
    return x, y, w, h


def turned(points, turns, side):
    """Points of a square picture after `turns` quarter turns against the clock."""
    for _ in range(turns):
        points = np.stack([points[:, 1], side - points[:, 0]], 1)
    return points


def batch(shards, rows, rng, side=256, augment=True):
    """Pictures (N x 3 x side x side, 0..1), masks (N x 80 x 80) and each photo's cards with their
    corners in the pixels of the picture."""
    n = len(rows)
    pictures = torch.zeros(n, 3, side, side)
    canvas = torch.zeros(n, CELLS, CELLS)
    reach = side * CELLS * 4 / 256  # of the canvas, in the pixels of the picture
    steps = (torch.arange(CELLS) + 0.5) * (reach / CELLS) - (reach - side) / 2
    cards = []
    for k, row in enumerate(rows):
        photo, mask, label = shards[row]
        x, y, w, h = crop_box(label, rng, augment)
        turns = int(rng.integers(0, 4)) if augment else 0
        nw, nh = round(w * side / max(w, h)), round(h * side / max(w, h))
        ox, oy = (side - nw) // 2, (side - nh) // 2
        crop = coloured(photo[y : y + h, x : x + w], rng, augment)
        small = F.interpolate(crop[None], (nh, nw), mode="bilinear", align_corners=False)[0]
        pictures[k, :, oy : oy + nh, ox : ox + nw] = spoiled(small, rng) if augment else small
        # The canvas of cells reaches beyond the picture; what lies outside the crop stays 0.
        u, v = (steps - ox) * (w / nw) + x, (steps - oy) * (h / nh) + y
        grid = torch.stack(torch.meshgrid(u, v, indexing="xy"), -1)[None] * (2 / SIDE) - 1
        cells = torch.from_numpy(mask.astype(np.float32) / 255)[None, None]
        inside = ((v >= y) & (v <= y + h))[:, None] & ((u >= x) & (u <= x + w))
        canvas[k] = F.grid_sample(cells, grid, align_corners=False)[0, 0] * inside
        if turns:
            pictures[k] = torch.rot90(pictures[k], turns, (1, 2))
            canvas[k] = torch.rot90(canvas[k], turns, (0, 1))
        mine = []
        for card in label["cards"]:
            corners = (np.array(card["corners"], np.float32) - (x, y)) * (nw / w, nh / h) + (ox, oy)
            mine.append({**card, "corners": turned(corners, turns, side)})
        cards.append(mine)
    return pictures, canvas, cards


def coloured(photo, rng, augment=True):
    """A photo's bytes (height x width x 3) as 3 x height x width of 0..1, with random exposure,
    contrast, gamma and tint, now and then in grey."""
    levels = np.arange(256, dtype=np.float32) / 255
    if not augment:
        return torch.from_numpy(levels[photo.transpose(2, 0, 1)])
    levels = (levels * rng.uniform(0.7, 1.3) + rng.uniform(-0.05, 0.08)).clip(0.001, 1) ** rng.uniform(0.75, 1.35)
    if rng.random() < 0.08:
        grey = photo @ np.array([77, 150, 29], np.int32) >> 8
        return torch.from_numpy(np.broadcast_to(levels[grey], (3, *grey.shape)).copy())
    tint = rng.normal(1, 0.06, 3).astype(np.float32)
    tables = [(levels * t).clip(0, 1).astype(np.float32) for t in tint]
    return torch.from_numpy(np.stack([tables[c][photo[..., c]] for c in range(3)]))


NOISE = torch.randn(3, 400, 400, generator=torch.Generator().manual_seed(5))


def spoiled(x, rng):
    """Blur and noise now and then."""
    if rng.random() < 0.15:
        x = F.avg_pool2d(x[None], 3, 1, 1)[0]
    if rng.random() < 0.3:
        v, u = rng.integers(0, 400 - x.shape[1]), rng.integers(0, 400 - x.shape[2])
        noise = NOISE[:, v : v + x.shape[1], u : u + x.shape[2]]
        x = (x + noise * float(rng.uniform(0, 0.05))).clamp(0, 1)
    return x

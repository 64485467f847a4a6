"""Trains the side classifier on rectified cards cut from the locator's training photos:
`python train.py --data DIR --out card-side.pt --minutes 15`.

Input  N x 3 x 80 x 128, red, green, blue, 0..1: the rectified card.
Output N x 7 logits: portrait side upright, portrait side upside down, emblem side upright, emblem
side upside down, other identity document, other card, no card.
"""
import copy
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path[:0] = [str(Path(__file__).parent.parent / folder) for folder in ("card_locator", "")]
import training
from data import SIDE, Shards, coloured, spoiled
from net import Block, conv

WIDTH, HEIGHT = 128, 80
CLASSES = {"portrait_side": 0, "emblem_side": 2, "foreign_front": 4, "foreign_back": 4, "bank_card": 5}


class Side(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, 3, 2), conv(16, 24, 3, 2), Block(24), conv(24, 48, 3, 2), Block(48), conv(48, 64, 3, 2), Block(64)
        )
        self.squeeze = conv(64, 24, 1)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(24 * 5 * 8, 7)

    def forward(self, x):
        return self.out(self.drop(self.squeeze(self.body(x - 0.45)).flatten(1)))


def homography(corners):
    """Maps (u, v) of 0..1 on the card to the picture."""
    rows = []
    for (u, v), (x, y) in zip([(0, 0), (1, 0), (1, 1), (0, 1)], corners):
        rows.append([u, v, 1, 0, 0, 0, -u * x, -v * x, x])
        rows.append([0, 0, 0, u, v, 1, -u * y, -v * y, y])
    a = np.array(rows)
    return np.append(np.linalg.solve(a[:, :8], a[:, 8]), 1).reshape(3, 3)


def rectified(photo, corners, rng, augment):
    u, v = np.meshgrid((np.arange(WIDTH) + 0.5) / WIDTH, (np.arange(HEIGHT) + 0.5) / HEIGHT)
    p = np.stack([u, v, np.ones_like(u)], -1) @ homography(corners).T
    xy = torch.from_numpy((p[..., :2] / p[..., 2:] * (2 / SIDE) - 1).astype(np.float32))[None]
    picture = coloured(photo, rng, augment)[None]
    width = np.linalg.norm(corners[1] - corners[0])
    if width > 1.5 * WIDTH:
        picture, xy = F.avg_pool2d(picture, 2), xy
    crop = F.grid_sample(picture, xy, align_corners=False)[0]
    return spoiled(crop, rng) if augment else crop


def inside_share(quad, cards):
    """Share of a quad's grid points that lie within any card's box, roughly its overlap."""
    u, v = np.meshgrid(np.linspace(0.05, 0.95, 8), np.linspace(0.05, 0.95, 6))
    p = np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3) @ homography(quad).T
    p = p[:, :2] / p[:, 2:]
    best = 0.0
    for card in cards:
        c = np.array(card["corners"])
        d = np.roll(c, -1, 0) - c
        cross = d[:, 0] * (p[:, None, 1] - c[:, 1]) - d[:, 1] * (p[:, None, 0] - c[:, 0])
        best = max(best, float((cross > 0).all(1).mean()))
    return best


def random_quad(label, rng):
    w, h, x0, y0 = label["w"], label["h"], label["x0"], label["y0"]
    width = rng.uniform(0.25, 0.9) * max(w, h)
    angle = rng.uniform(-0.3, 0.3) + rng.integers(0, 4) * np.pi / 2
    cos, sin = np.cos(angle), np.sin(angle)
    center = np.array([x0 + rng.uniform(0.2, 0.8) * w, y0 + rng.uniform(0.2, 0.8) * h])
    box = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * [width / 2, width / 3.17]
    return box @ np.array([[cos, sin], [-sin, cos]]) + center + rng.normal(0, 0.03 * width, (4, 2))


def example(sample, rng, augment=True):
    """One crop and its class; None when the photo has nothing for the draw."""
    photo, _, label = sample
    cards = [c for c in label["cards"] if c["visible_share"] > 0.55]
    if cards and rng.random() < 0.88:
        card = cards[rng.integers(len(cards))]
        corners = np.array(card["corners"], float)
        width = np.linalg.norm(corners[1] - corners[0])
        if width < 60:
            return None
        kind = CLASSES[card["kind"]]
        corners += rng.normal(0, rng.choice([0.004, 0.012]) * width, (4, 2))
        if rng.random() < 0.5:
            corners, kind = np.roll(corners, 2, 0), kind + 1 if kind in (0, 2) else kind
        return rectified(photo, corners, rng, augment), kind
    quad = random_quad(label, rng)
    if label["cards"] and inside_share(quad, label["cards"]) > 0.6:
        return None
    return rectified(photo, quad, rng, augment), 6


def main():
    parser = training.parser(__doc__, "card-side.pt", 15)
    args = parser.parse_args()
    rng = training.seeded(args)
    shards = Shards(args.data)
    net = Side()
    ema = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-3)
    start, step, running = time.time(), 0, 0.0
    while (spent := (time.time() - start) / 60) < args.minutes:
        crops, kinds = [], []
        while len(crops) < args.batch:
            made = example(shards[rng.integers(len(shards))], rng)
            if made:
                crops.append(made[0])
                kinds.append(made[1])
        x, y = torch.stack(crops), torch.tensor(kinds)
        training.set_rate(optimizer, args.rate, step, 200, spent / args.minutes)
        net.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y, label_smoothing=0.02)
        loss.backward()
        optimizer.step()
        training.follow(ema, net, step, 0.997)
        running += loss.item()
        step += 1
        if step % 200 == 0:
            print(f"{spent:5.1f} min  step {step}  loss {running / 200:.4f}", flush=True)
            running = 0.0
        if step % 1000 == 0:
            torch.save({"net": ema.state_dict()}, args.out)
            if args.test:
                report(ema, Shards(args.test))
                shards.refresh()
    torch.save({"net": ema.state_dict()}, args.out)
    if args.test:
        report(ema, Shards(args.test))
    print(f"{step} steps of {args.batch}")


@torch.no_grad()
def report(net, test):
    rng, confusion = np.random.default_rng(7), np.zeros((7, 7), int)
    for i in range(min(len(test), 2000)):
        made = example(test[i], rng, augment=False)
        if made:
            confusion[made[1], int(net(made[0][None]).argmax())] += 1
    print(confusion, f"right {np.trace(confusion) / confusion.sum():.4f}", flush=True)


if __name__ == "__main__":
    main()

"""Trains the network that tells covered faces: `python train.py --data DIR --test DIR --out cover.pt`.

Input  N x 3 x 80 x 80, red, green, blue, 0..1: the face with its eyes level at (27, 32) and (53, 32).
Output N x 5 logits: bare, nose or mouth covered, eyes behind dark glasses, hand, hat over the eyes.

DIR holds shards that `realname-fixtures face-training` wrote.
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
from net import Block, conv

SIDE, CLASSES = 80, 5


class Cover(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 16, 3, 2), conv(16, 24, 3, 2), Block(24), conv(24, 40, 3, 2), Block(40), conv(40, 56, 3, 2), Block(56)
        )
        self.squeeze = conv(56, 24, 1)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(24 * 5 * 5, CLASSES)

    def forward(self, x):
        return self.out(self.drop(self.squeeze(self.body(x - 0.45)).flatten(1)))


def shards(folder):
    crops, classes = [], []
    for path in sorted(Path(folder).glob("faces-*.bin")):
        names = path.with_suffix(".tsv")
        if not names.exists():
            continue
        y = np.loadtxt(names, dtype=np.int64)
        crops.append(np.fromfile(path, np.uint8).reshape(len(y), SIDE, SIDE, 3))
        classes.append(y)
    return np.concatenate(crops), np.concatenate(classes)


def elsewhere(x, rng):
    """Puts most faces before another background, cut along a soft ellipse: the studio's wall must not
    tell a bare face. The background is a blotch of colours, a grating, or parts of another crop."""
    n = len(x)
    u, v = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    for i in range(n):
        if rng.random() > 0.75:
            continue
        chance = rng.random()
        if chance < 0.45:
            grid = int(rng.integers(2, 20))
            small = torch.from_numpy(rng.random((1, 3, grid, grid)).astype(np.float32))
            back = F.interpolate(small, size=(SIDE, SIDE), mode="bilinear" if rng.random() < 0.5 else "nearest")[0]
        elif chance < 0.6:
            angle, step = rng.uniform(0, np.pi), rng.uniform(3, 30)
            wave = 0.5 + 0.5 * np.sin((u * np.cos(angle) + v * np.sin(angle)) * 2 * np.pi / step)
            a, b = rng.random((2, 3, 1, 1))
            back = torch.from_numpy((a + (b - a) * wave).astype(np.float32))
        else:
            back = x[int(rng.integers(n))].roll((int(rng.integers(SIDE)), int(rng.integers(SIDE))), (1, 2)).flip(1)
        rx, ry = rng.uniform(24, 40), rng.uniform(30, 46)
        away = np.hypot((u - 40 - rng.normal(0, 1.5)) / rx, (v - 40 - rng.normal(0, 2)) / ry)
        share = torch.from_numpy(np.clip((away - 1) / rng.uniform(0.02, 0.3) + 0.5, 0, 1).astype(np.float32))
        x[i] = x[i] * (1 - share) + back * share


def spoiled(x, rng):
    """What cameras, phones and rooms do: light, colour, contrast, blur, coarse pixels, noise, shadow,
    and small things in the picture that cover nothing that matters."""
    n = len(x)
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    x = torch.where(mirrored[:, None, None, None], x.flip(3), x)

    elsewhere(x, rng)

    def draw(low, high):
        return torch.from_numpy(rng.uniform(low, high, (n, 1, 1, 1)).astype(np.float32))

    x = x ** torch.exp(draw(-0.6, 0.6))
    x = x * draw(0.45, 1.35)
    x = x * torch.from_numpy(rng.uniform(0.82, 1.18, (n, 3, 1, 1)).astype(np.float32))
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * draw(0.0, 1.3)
    u, v = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="xy")
    x = x * (1 + draw(-0.4, 0.4) * u + draw(-0.4, 0.4) * v)
    for i in range(n):
        chance = rng.random()
        if chance < 0.25:
            small = int(rng.integers(24, 64))
            y = F.interpolate(x[i : i + 1], size=(small, small), mode="area")
            x[i : i + 1] = F.interpolate(y, size=(SIDE, SIDE), mode="bilinear")
        elif chance < 0.45:
            x[i : i + 1] = F.avg_pool2d(F.pad(x[i : i + 1], (1, 1, 1, 1), mode="replicate"), 3, 1)
        if rng.random() < 0.15:
            # Hair, a microphone, a wall: boxes beside the face, whatever the class.
            w, h = rng.integers(4, 20, 2)
            left = int(rng.integers(0, 10)) if rng.random() < 0.5 else int(rng.integers(SIDE - 22, SIDE - 12))
            top = int(rng.integers(0, SIDE - h))
            x[i, :, top : top + h, left : left + w] = torch.from_numpy(rng.random((3, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(x.shape).astype(np.float32))
    return (x + noise * draw(0.0, 0.05)).clamp(0, 1)


@torch.no_grad()
def report(net, crops, classes):
    rows = [net(torch.from_numpy(crops[i : i + 200]).permute(0, 3, 1, 2).float() / 255) for i in range(0, len(crops), 200)]
    p = torch.cat(rows).softmax(1).numpy()
    confusion = np.zeros((CLASSES, CLASSES), int)
    np.add.at(confusion, (classes, p.argmax(1)), 1)
    covered = 1 - p[:, 0]
    bare = covered[classes == 0]
    told = [f"{np.mean(covered[classes == k] > 0.5):.4f}" for k in range(1, CLASSES)]
    print(confusion, f"false {np.mean(bare > 0.5):.4f}, told {' '.join(told)}", flush=True)


def main():
    parser = training.parser(__doc__, "cover.pt", 10)
    args = parser.parse_args()
    rng = training.seeded(args)
    crops, classes = shards(args.data)
    print(len(classes), "crops", np.bincount(classes), flush=True)
    net = Cover()
    ema = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-3)
    start, step, running = time.time(), 0, 0.0
    while (spent := (time.time() - start) / 60) < args.minutes:
        chosen = rng.integers(0, len(classes), args.batch)
        x = spoiled(torch.from_numpy(crops[chosen]).permute(0, 3, 1, 2).float() / 255, rng)
        y = torch.from_numpy(classes[chosen])
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
    torch.save({"net": ema.state_dict()}, args.out)
    if args.test:
        report(ema, *shards(args.test))
    print(f"{step} steps of {args.batch}")


if __name__ == "__main__":
    main()

"""Trains the card locator: `python train.py --data DIR --out card-locator.pt --minutes 60`."""
import copy
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent.parent))
import training
from data import Shards, batch
from net import GRID, MARGIN, STRIDE, Locator
from resume import load_exported


def targets(cards):
    """Heat N x 2 x 80 x 80, offsets N x 2 x 80 x 80, and where offsets count N x 1 x 80 x 80."""
    n = len(cards)
    heat = np.zeros((n, 2, GRID, GRID), np.float32)
    offsets = np.zeros((n, 2, GRID, GRID), np.float32)
    counts = np.zeros((n, 1, GRID, GRID), np.float32)
    at = np.arange(GRID) + 0.5
    for k, mine in enumerate(cards):
        for card in mine:
            width = np.linalg.norm(card["corners"][1] - card["corners"][0])
            sigma = np.clip(width / 160, 0.7, 1.3)
            for c, corner in enumerate(card["corners"]):
                u, v = (corner + MARGIN) / STRIDE
                if not (0 <= u < GRID and 0 <= v < GRID):
                    continue
                bump = np.exp(-((at[None] - u) ** 2 + (at[:, None] - v) ** 2) / (2 * sigma**2))
                i, j = int(u), int(v)
                np.maximum(heat[k, c % 2], bump, out=heat[k, c % 2])
                heat[k, c % 2, j, i] = 1
                for y in range(max(j - 1, 0), min(j + 2, GRID)):
                    for x in range(max(i - 1, 0), min(i + 2, GRID)):
                        offsets[k, :, y, x] = u - at[x], v - at[y]
                        counts[k, 0, y, x] = 1
    return tuple(map(torch.from_numpy, (heat, offsets, counts)))


def loss(outputs, heat, offsets, counts, mask):
    corners, shift, seen = (o.float() for o in outputs)
    p = torch.sigmoid(corners).clamp(1e-5, 1 - 1e-5)
    hit = heat == 1
    focal = -torch.where(hit, (1 - p) ** 2 * torch.log(p), (1 - heat) ** 4 * p**2 * torch.log(1 - p))
    peaks = focal.sum() / hit.sum().clamp(min=1)
    place = (F.smooth_l1_loss(shift, offsets, reduction="none", beta=0.1) * counts).sum() / counts.sum().clamp(min=1)
    cover = F.binary_cross_entropy_with_logits(seen, mask)
    return peaks + 1.5 * place + 2 * cover, (peaks.item(), place.item(), cover.item())


@torch.no_grad()
def peak_errors(net, shards, rows):
    """Share of visible corners whose strongest peak nearby lies within 2 pixels, and the median error."""
    errors = []
    rng = np.random.default_rng(0)
    for start in range(0, len(rows), 32):
        pictures, _, cards = batch(shards, rows[start : start + 32], rng, augment=False)
        heat, shift, _ = net(pictures)
        for k, mine in enumerate(cards):
            for card in mine:
                for c, corner in enumerate(card["corners"]):
                    u, v = (corner + MARGIN) / STRIDE
                    if not (3 <= u < GRID - 3 and 3 <= v < GRID - 3):
                        continue
                    i, j = int(u), int(v)
                    window = heat[k, c % 2, j - 3 : j + 4, i - 3 : i + 4]
                    best = int(window.argmax())
                    y, x = j - 3 + best // 7, i - 3 + best % 7
                    if heat[k, c % 2, y, x] < -2:
                        errors.append(99.0)
                        continue
                    d = shift[k, :, y, x].numpy() + np.array([x + 0.5, y + 0.5]) - np.array([u, v])
                    errors.append(float(np.linalg.norm(d) * STRIDE))
    errors = np.array(errors)
    return (errors < 2).mean(), np.median(errors)


def main():
    parser = training.parser(__doc__, "card-locator.pt", 60, batch=32, threads=2)
    parser.add_argument("--resume", help="weights to go on from: .pt, or the exported .onnx")
    args = parser.parse_args()
    rng = training.seeded(args)
    shards, test = Shards(args.data), Shards(args.test) if args.test else None
    net = Locator()
    if args.resume and args.resume.endswith(".onnx"):
        load_exported(net, args.resume, batch(shards, rng.permutation(len(shards))[:128], rng)[0])
    elif args.resume:
        net.load_state_dict(torch.load(args.resume)["net"])
    net = net.to(memory_format=torch.channels_last)
    ema = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-3)
    start, step, running, order = time.time(), 0, np.zeros(3), np.empty(0, int)

    def draw():
        nonlocal order
        if len(order) < args.batch:
            shards.refresh()
            order = np.concatenate([order, rng.permutation(len(shards))])
        rows, order = order[: args.batch], order[args.batch :]
        pictures, mask, cards = batch(shards, rows, rng)
        return pictures, mask, targets(cards)

    # The next batch is made while the network learns from this one.
    maker = ThreadPoolExecutor(1)
    coming = maker.submit(draw)
    while (spent := (time.time() - start) / 60) < args.minutes:
        pictures, mask, (heat, offsets, counts) = coming.result()
        coming = maker.submit(draw)
        training.set_rate(optimizer, args.rate, step, 300, spent / args.minutes)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = net(pictures.contiguous(memory_format=torch.channels_last))
        total, parts = loss(outputs, heat, offsets, counts, mask[:, None])
        total.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        training.follow(ema, net, step, 0.998)
        running += parts
        step += 1
        if step % 200 == 0:
            print(f"{spent:5.1f} min  step {step}  {step * args.batch / (time.time() - start):.0f}/s  "
                  f"{len(shards)} photos  peaks {running[0] / 200:.3f}  place {running[1] / 200:.3f}  "
                  f"mask {running[2] / 200:.3f}", flush=True)
            running[:] = 0
        if step % 1000 == 0:
            torch.save({"net": ema.state_dict(), "step": step}, args.out)
            if test and len(test):
                near, median = peak_errors(ema, test, np.arange(min(len(test), 300)))
                print(f"      test: {near:.3f} of corners within 2 px, median {median:.2f} px", flush=True)
    torch.save({"net": ema.state_dict(), "step": step}, args.out)
    print(f"{step} steps of {args.batch}, {step * args.batch} samples")


if __name__ == "__main__":
    main()

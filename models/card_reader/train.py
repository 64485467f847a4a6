"""Trains the digit reader: `python train.py --data DIR --test DIR --out card-digits.pt --minutes 30`.

Input  N x 1 x 32 x 320, grey, 0..1: a printed line scaled to a height of 32 pixels, the rest of the
width filled with its last column.
Output N x 80 x 16 logits for connectionist temporal classification: blank, then 0123456789X.-长期.
"""
import copy
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent.parent))
import training

ALPHABET = "0123456789X.-长期"


def conv(cin, cout, k=3, s=1, p=None):
    p = [n // 2 for n in k] if p is None and isinstance(k, tuple) else (k // 2 if p is None else p)
    return nn.Sequential(nn.Conv2d(cin, cout, k, s, p, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(1, 16, 3, (2, 2)), conv(16, 24, 3, 1), conv(24, 32, 3, (2, 2)), conv(32, 48, 3, 1),
            conv(48, 64, 3, (2, 1)), conv(64, 64, 3, 1), conv(64, 80, (4, 3), (1, 1), (0, 1)),
        )
        self.along = nn.Sequential(conv(80, 80, (1, 5)), conv(80, 80, (1, 5)))
        self.out = nn.Conv2d(80, 1 + len(ALPHABET), 1)

    def forward(self, x):
        x = self.body(x - 0.5)
        return self.out(x + self.along(x)).squeeze(2).transpose(1, 2)


def load(folder):
    pictures, texts = [], []
    for tsv in sorted(Path(folder).glob("lines-*.tsv")):
        lines = [line.split("\t")[0] for line in tsv.read_text().splitlines()]
        data = np.memmap(tsv.with_suffix(".bin"), np.uint8, "r")
        if data.size != len(lines) * 32 * 320:
            continue
        pictures.append(data.reshape(-1, 32, 320))
        texts += lines
    return pictures, texts


def rows_of(pictures, index):
    starts = np.cumsum([0] + [len(p) for p in pictures])
    shard = np.searchsorted(starts, index, "right") - 1
    return np.stack([pictures[s][i - starts[s]] for s, i in zip(shard, index)])


def augmented(x, rng):
    """Shifts by whole pixels, contrast, brightness, polarity of light, noise."""
    n = len(x)
    out = np.empty_like(x)
    for k in range(n):
        dx, dy = rng.integers(-4, 5), rng.integers(-2, 3)
        shifted = np.roll(x[k], (dy, dx), (0, 1))
        out[k] = shifted
    out = torch.from_numpy(out)[:, None].float() / 255
    pick = lambda low, high: torch.from_numpy(rng.uniform(low, high, (n, 1, 1, 1)).astype(np.float32))
    out = ((out - 0.5) * pick(0.6, 1.2) + 0.5 + pick(-0.15, 0.15)).clamp(0.001, 1) ** pick(0.7, 1.4)
    return out + torch.randn_like(out) * pick(0, 0.04)


def decoded(logits):
    texts = []
    for path in logits.argmax(2).tolist():
        kept = [c for k, c in enumerate(path) if c and (k == 0 or path[k - 1] != c)]
        texts.append("".join(ALPHABET[c - 1] for c in kept))
    return texts


@torch.no_grad()
def accuracy(net, pictures, texts):
    right = 0
    for start in range(0, len(texts), 256):
        index = np.arange(start, min(start + 256, len(texts)))
        x = torch.from_numpy(rows_of(pictures, index))[:, None].float() / 255
        right += sum(a == texts[i] for a, i in zip(decoded(net(x)), index))
    return right / len(texts)


def main():
    parser = training.parser(__doc__, "card-digits.pt", 30)
    parser.add_argument("--resume")
    args = parser.parse_args()
    rng = training.seeded(args)
    pictures, texts = load(args.data)
    test = load(args.test) if args.test else None
    net = Reader()
    if args.resume:
        net.load_state_dict(torch.load(args.resume)["net"])
    net = net.to(memory_format=torch.channels_last)
    ema = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=1e-3)
    start, step, running, order = time.time(), 0, 0.0, np.empty(0, int)
    while (spent := (time.time() - start) / 60) < args.minutes:
        if len(order) < args.batch:
            pictures, texts = load(args.data)
            order = rng.permutation(len(texts))
        index, order = order[: args.batch], order[args.batch :]
        x = augmented(rows_of(pictures, index), rng)
        words = [[ALPHABET.index(c) + 1 for c in texts[i]] for i in index]
        y, lengths = torch.tensor(sum(words, [])), torch.tensor([len(w) for w in words])
        training.set_rate(optimizer, args.rate, step, 300, spent / args.minutes)
        net.train()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x.contiguous(memory_format=torch.channels_last))
        scores = F.log_softmax(logits.float(), 2).transpose(0, 1)
        loss = F.ctc_loss(scores, y, torch.full((len(index),), scores.shape[0]), lengths, zero_infinity=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        training.follow(ema, net, step, 0.998)
        running += loss.item()
        step += 1
        if step % 200 == 0:
            print(f"{spent:5.1f} min  step {step}  {step * args.batch / (time.time() - start):.0f}/s  loss {running / 200:.4f}", flush=True)
            running = 0.0
        if step % 2000 == 0:
            torch.save({"net": ema.state_dict()}, args.out)
            if test:
                print(f"      test: {accuracy(ema, *test):.4f} of lines exact", flush=True)
    torch.save({"net": ema.state_dict()}, args.out)
    if test:
        print(f"test: {accuracy(ema, *test):.4f} of {len(test[1])} lines exact")
    print(f"{step} steps of {args.batch}, {step * args.batch} lines")


if __name__ == "__main__":
    main()

"""What the training scripts of our own networks share."""
import argparse

import numpy as np
import torch


def parser(doc, out, minutes, batch=64, threads=1):
    """The arguments that every training has."""
    made = argparse.ArgumentParser(description=doc)
    made.add_argument("--data", required=True)
    made.add_argument("--test")
    made.add_argument("--out", default=out)
    made.add_argument("--minutes", type=float, default=minutes)
    made.add_argument("--rate", type=float, default=2e-3)
    made.add_argument("--batch", type=int, default=batch)
    made.add_argument("--threads", type=int, default=threads)
    made.add_argument("--seed", type=int, default=1)
    return made


def seeded(args):
    """Threads and seeds as asked for; the generator that everything is drawn from."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    return np.random.default_rng(args.seed)


def set_rate(optimizer, rate, step, warm_up, share):
    """A rate that rises over `warm_up` steps and falls as a cosine over the time, of which `share` is spent."""
    now = rate * min(1, (step + 1) / warm_up) * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-5
    for group in optimizer.param_groups:
        group["lr"] = now


def follow(ema, net, step, longest):
    """Moves the averaged weights a step towards those in training."""
    keep = min(longest, step / (step + 50))
    with torch.no_grad():
        for a, b in zip(ema.state_dict().values(), net.state_dict().values()):
            a.copy_(b) if not a.is_floating_point() else a.lerp_(b, 1 - keep)

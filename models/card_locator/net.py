"""The card locator: a small convolutional network with dense convolutions only.

Input  N x 3 x 256 x 256, red, green, blue, 0..1 (the photo letterboxed).
Output on an 80 x 80 grid of stride 4 over a 320 x 320 canvas, which is the input with a margin of
32 pixels on every side, so that corners a little outside the frame have a cell:
  corners N x 2 x 80 x 80  logits; channel 0: corners where, clockwise, a long side begins (upper
                           left, lower right), channel 1: where a short side begins
  offsets N x 2 x 80 x 80  from the cell's centre to the corner, in cells: right, down
  mask    N x 1 x 80 x 80  logits: the visible part of any ID-1 card
"""
import torch
from torch import nn
from torch.nn import functional as F

INPUT, MARGIN, STRIDE, GRID = 256, 32, 4, 80


def conv(cin, cout, k=3, s=1, d=1):
    return nn.Sequential(
        nn.Conv2d(cin, cout, k, s, d * (k // 2), d, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True)
    )


class Block(nn.Module):
    def __init__(self, c, d=1):
        super().__init__()
        self.a = conv(c, c, d=d)
        self.b = nn.Sequential(nn.Conv2d(c, c, 3, 1, d, d, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class Locator(nn.Module):
    def __init__(self, c1=16, c2=24, c3=40, c4=64, c5=96):
        super().__init__()
        self.stem = nn.Sequential(conv(3, c1, 3, 2), conv(c1, c2, 3, 2))  # 64
        self.s3 = nn.Sequential(conv(c2, c3, 3, 2), Block(c3), Block(c3))  # 32
        self.s4 = nn.Sequential(conv(c3, c4, 3, 2), Block(c4), Block(c4, 2), Block(c4))  # 16
        self.s5 = nn.Sequential(conv(c4, c5, 3, 2), Block(c5), Block(c5))  # 8
        self.lat5 = conv(c5, c4, 1)
        self.lat3 = nn.Conv2d(c3, c4, 1)
        self.mid = conv(c4, c4)  # 16
        self.top = nn.Sequential(conv(c4, c3), conv(c3, c3))  # 40
        self.lat2 = nn.Conv2d(c2, 16, 1)
        self.up = nn.Conv2d(c3, 16 * 4, 1)  # to 80 by depth to space
        self.head = nn.Sequential(conv(16, 24), nn.Conv2d(24, 5, 1))
        nn.init.constant_(self.head[1].bias[:2], -4.0)

    def forward(self, x):
        f2 = self.stem(x - 0.45)
        f3 = self.s3(f2)
        f4 = self.s4(f3)
        f5 = self.lat5(self.s5(f4))
        f4 = self.mid(f4 + F.interpolate(f5, scale_factor=2, mode="nearest"))
        f3 = self.lat3(f3) + F.interpolate(f4, scale_factor=2, mode="nearest")
        y = self.top(F.pad(f3, (4, 4, 4, 4)))  # 40
        y = F.pixel_shuffle(self.up(y), 2) + F.pad(self.lat2(f2), (8, 8, 8, 8))
        y = self.head(F.relu(y))
        return y[:, :2], y[:, 2:4], y[:, 4:]


if __name__ == "__main__":
    net = Locator()
    print(sum(p.numel() for p in net.parameters()), "parameters")
    print([o.shape for o in net(torch.zeros(1, 3, INPUT, INPUT))])

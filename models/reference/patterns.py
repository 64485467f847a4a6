"""The pictures that reference vectors are made of: drawn with whole numbers alone, so that every
language draws the same bytes. tests/model_reference.rs draws them again and compares the sha256.

    python patterns.py SIDE_PX FOLDER     writes SIDE_PX-PATTERN.rgb (8 bit, HWC) for each pattern
"""

import os
import sys

import numpy as np

# Centre u, centre v, radius u, radius v in 1/256 of the side, and colour; later ones cover earlier.
PORTRAIT = [
    (128, 262, 110, 60, (60, 80, 130)),  # shirt
    (128, 108, 74, 88, (45, 35, 30)),  # hair
    (128, 126, 60, 80, (214, 170, 142)),  # face
    (102, 112, 13, 7, (235, 235, 235)),  # eyes
    (154, 112, 13, 7, (235, 235, 235)),
    (102, 112, 6, 6, (40, 30, 25)),  # pupils
    (154, 112, 6, 6, (40, 30, 25)),
    (102, 96, 15, 3, (60, 45, 35)),  # brows
    (154, 96, 15, 3, (60, 45, 35)),
    (128, 142, 8, 12, (196, 150, 122)),  # nose
    (128, 170, 22, 6, (165, 80, 80)),  # mouth
]


def noise(side):
    h = np.arange(1, side * side * 3 + 1, dtype=np.uint32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return (h & np.uint32(255)).astype(np.uint8).reshape(side, side, 3)


def triangle(t, half_period):
    return np.abs(t % (2 * half_period) - half_period) * 255 // half_period


def waves(side):
    y, x, c = np.mgrid[0:side, 0:side, 0:3]
    u, v = x * 256 // side, y * 256 // side
    return ((triangle(u + 24 * c, 40) + triangle(v + 40 * c, 56)) // 2).astype(np.uint8)


def portrait(side):
    y, x = np.mgrid[0:side, 0:side]
    u, v = (2 * x + 1) * 128 // side, (2 * y + 1) * 128 // side
    picture = np.stack([190 - v // 8, 196 - v // 8, 204 - v // 8], axis=-1)
    for cu, cv, ru, rv, colour in PORTRAIT:
        inside = (u - cu) ** 2 * rv**2 + (v - cv) ** 2 * ru**2 <= ru**2 * rv**2
        shade = np.abs(u - 128)[..., None] // 3  # darker to both sides
        picture = np.where(inside[..., None], np.maximum(np.array(colour) - shade, 0), picture)
    return picture.astype(np.uint8)


PATTERNS = {"noise": noise, "waves": waves, "portrait": portrait}

if __name__ == "__main__":
    side, folder = int(sys.argv[1]), sys.argv[2]
    for name, draw in PATTERNS.items():
        with open(os.path.join(folder, "%d-%s.rgb" % (side, name)), "wb") as file:
            file.write(draw(side).tobytes())

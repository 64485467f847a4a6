"""Composes evaluation set B: flat specimens of foreign documents on photos of desks, along the
corners of real hand-held clips. Evaluation only: nothing made here trains a model or is committed.

`python compose_foreign.py --specimens DIR --backgrounds DIR --quads DIR --out DIR --count 400`
writes NNNN.jpg of 1080 x 1920 and labels.jsonl.
"""
import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1080, 1920
# Shapes between an ID-1 card and a passport's page; the others are strips.
ASPECTS = (1.3, 1.7)
# Pictures that show more than the document: left, top, right and lower edge of it, pixels.
DOCUMENT_IN = {
    "id_card_td2_a__back.png": (18, 18, 982, 698),
    "id_card_td2_a__front.png": (18, 18, 982, 698),
    "2013-FRA-FO-06001-recto.jpg": (19, 17, 583, 376),
    "2013-FRA-FO-06001-verso.jpg": (16, 13, 581, 374),
    "0_id-esp.png": (0, 0, 408, 253),
    "100_pass-uto.jpg": (29, 19, 770, 523),
    "77_card-cmw.png": (8, 12, 977, 601),
}


def homography(source, target):
    rows = []
    for (u, v), (x, y) in zip(source, target):
        rows.append([u, v, 1, 0, 0, 0, -u * x, -v * x, x])
        rows.append([0, 0, 0, u, v, 1, -u * y, -v * y, y])
    a = np.array(rows, float)
    return np.append(np.linalg.solve(a[:, :8], a[:, 8]), 1)


def rounded(card):
    """The card's outline, its corners rounded as those of an ID-1 card."""
    mask = Image.new("L", card.size, 0)
    radius = card.width * 3.18 / 85.6
    ImageDraw.Draw(mask).rounded_rectangle([0, 0, card.width - 1, card.height - 1], radius, fill=255)
    return mask


def composed(card, background, quad, rng):
    """Renders at twice the size and halves it, so that edges are smooth."""
    big = (WIDTH * 2, HEIGHT * 2)
    scale = max(big[0] / background.width, big[1] / background.height)
    size = (int(background.width * scale) + 1, int(background.height * scale) + 1)
    background = background.resize(size, Image.BICUBIC).crop((0, 0, *big))
    outline = [(0, 0), (card.width, 0), (card.width, card.height), (0, card.height)]
    back = homography([(2 * x, 2 * y) for x, y in quad], outline)
    warp = lambda im: im.transform(big, Image.PERSPECTIVE, back[:8], Image.BICUBIC)
    cover = warp(rounded(card))
    shade = cover.filter(ImageFilter.GaussianBlur(14)).point(lambda v: int(v * 0.35))
    shade = shade.transform(big, Image.AFFINE, (1, 0, -8, 0, 1, -12))
    background = Image.composite(Image.new("RGB", big), background, shade)
    photo = Image.composite(warp(card), background, cover).resize((WIDTH, HEIGHT), Image.BOX)
    photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    pixels = np.asarray(photo, np.float32) * rng.uniform(0.75, 1.1)
    ramp = np.linspace(1 - rng.uniform(0, 0.2), 1, HEIGHT)[:, None, None]
    pixels = pixels * ramp + rng.normal(0, rng.uniform(1, 5), pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("specimens", "backgrounds", "quads", "out"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    pictures = lambda folder: [p for p in sorted(folder.rglob("*")) if p.suffix in (".jpg", ".jpeg", ".png")]
    specimens = []
    for path in pictures(args.specimens):
        card = Image.open(path).convert("RGB")
        card = card.crop(DOCUMENT_IN.get(path.name, (0, 0, *card.size)))
        if ASPECTS[0] < card.width / card.height < ASPECTS[1]:
            specimens.append((path.name, card))
    backgrounds = pictures(args.backgrounds)
    quads = [json.loads(p.read_text())["quad"] for p in sorted(args.quads.glob("*.json"))]
    args.out.mkdir(parents=True, exist_ok=True)
    with open(args.out / "labels.jsonl", "w") as labels:
        for n in range(args.count):
            name, card = specimens[rng.integers(len(specimens))]
            quad = np.array(quads[rng.integers(len(quads))], float)
            background = Image.open(backgrounds[rng.integers(len(backgrounds))]).convert("RGB")
            if rng.random() < 0.5:
                background = background.transpose(Image.ROTATE_90)
            file = f"{n:04}.jpg"
            composed(card, background, quad, rng).save(args.out / file, quality=int(rng.integers(75, 95)))
            outside = (quad < 0).any() or (quad[:, 0] > WIDTH).any() or (quad[:, 1] > HEIGHT).any()
            label = {"file": file, "side": "foreign", "quad": quad.tolist(), "defects": [], "fair": not outside, "specimen": name}
            labels.write(json.dumps(label) + "\n")


if __name__ == "__main__":
    main()

#!/bin/sh
# Makes the face cover model anew: make.sh PORTRAITS WORK [MINUTES]
# PORTRAITS holds the London set (neutral/, smiling/) and mesh.tsv, as `cargo run --release --example
# face_mesh -- neutral/*.jpg smiling/*.jpg > mesh.tsv` writes it there.
set -eu
portraits=$1 work=$2 minutes=${3:-12}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
models=$(dirname "$here")
cd "$models/.."
generate="cargo run -q --release -p realname-fixtures --"
faces="--portraits $portraits --meshes $portraits/mesh.tsv"
mkdir -p "$work"
for shard in 1 2 3 4 5 6 7 8 9; do
    $generate face-training $faces --out "$work/train" --count 2000 --seed ${shard}00000
done
$generate face-training $faces --out "$work/test" --count 800 --seed 9000000 --split test
python3 "$here/train.py" --data "$work/train" --test "$work/test" --out "$work/cover.pt" --minutes "$minutes"
python3 "$models/card_locator/export.py" cover "$work/cover.pt" "$here/face-cover.onnx"

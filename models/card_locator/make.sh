#!/bin/sh
# Makes the three card models anew: make.sh PORTRAITS TEXTURES WORK [MINUTES]
set -eu
portraits=$1 textures=$2 work=$3 minutes=${4:-130}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
models=$(dirname "$here")
cd "$models/.."
generate="cargo run -q --release -p realname-fixtures --"
mkdir -p "$work"
$generate training --out "$work/photos/train" --count 15000 --seed 10000000 --textures "$textures" --portraits "$portraits"
$generate training --out "$work/photos/train" --count 15000 --seed 11000000 --textures "$textures" --portraits "$portraits"
$generate training --out "$work/photos/train" --count 8000 --seed 12000000 --textures "$textures" --portraits "$portraits"
$generate training --out "$work/photos/test" --count 2000 --seed 910000000 --split test --textures "$textures" --portraits "$portraits"
$generate lines --out "$work/lines/train" --count 150000 --seed 1
$generate lines --out "$work/lines/test" --count 5000 --seed 1 --split test
python3 "$here/train.py" --data "$work/photos/train" --test "$work/photos/test" --out "$work/locator.pt" --minutes "$minutes"
python3 "$models/card_side/train.py" --data "$work/photos/train" --test "$work/photos/test" --out "$work/side.pt" --minutes 20 --threads 2
python3 "$models/card_reader/train.py" --data "$work/lines/train" --test "$work/lines/test" --out "$work/digits.pt" --minutes 30 --threads 2
python3 "$here/export.py" locator "$work/locator.pt" "$here/card-locator.onnx"
python3 "$here/export.py" side "$work/side.pt" "$models/card_side/card-side.onnx"
python3 "$here/export.py" digits "$work/digits.pt" "$models/card_reader/card-digits.onnx"

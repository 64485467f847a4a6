//! Prints every measure of the card for the photos of a labelled set, for calibrating gates.
//!
//! ```text
//! cargo run --release --example card_measures -- SET > measures.tsv
//! ```
//!
//! SET is a folder with `labels.jsonl`: one object a line with `file`, `side` and `quad`, the
//! card's corners in pixels of the upright photo. The card is cut out along the labelled corners,
//! so that what is measured does not depend on the locator. A photo without a card is passed over.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use realname::card::layout::{HEIGHT_PX, WIDTH_PX};
use realname::card::{CardSide, measures};
use realname::geometry::{Homography, Point, Quad};
use realname::imaging::{DecodeOptions, Photo, decode, warp_projective};
use serde_json::Value;

type Anyhow<T> = Result<T, Box<dyn Error>>;

/// The scale at which the engine decodes card photos.
const LONG_SIDE_MIN_PX: u32 = 1600;

fn main() -> Anyhow<()> {
    let set = std::env::args().nth(1).ok_or("usage: card_measures SET")?;
    let set = Path::new(&set);
    let mut head = false;
    for line in fs::read_to_string(set.join("labels.jsonl"))?.lines() {
        let label: Value = serde_json::from_str(line)?;
        let Some(quad) = corners(&label["quad"]) else { continue };
        let file = label["file"].as_str().ok_or("a label without a file")?;
        let side = match label["side"].as_str() {
            Some("portrait" | "front") => Some(CardSide::Portrait),
            Some("emblem" | "back") => Some(CardSide::Emblem),
            _ => None,
        };
        let options = DecodeOptions { long_side_min_px: LONG_SIDE_MIN_PX, ..Default::default() };
        let photo =
            decode(&fs::read(set.join(file))?, &options).map_err(|fault| format!("{file}: {fault}"))?;
        let Some(values) = measured(&photo, &quad, side) else { continue };
        if !head {
            println!(
                "file\tdefects\tseverity\tside\t{}",
                values.keys().copied().collect::<Vec<_>>().join("\t")
            );
            head = true;
        }
        let row: Vec<String> = values.values().map(|v| format!("{v:.4}")).collect();
        let text = |key: &str| label[key].as_str().map_or_else(|| label[key].to_string(), str::to_owned);
        println!("{file}\t{}\t{}\t{}\t{}", text("defects"), text("severity"), text("side"), row.join("\t"));
    }
    Ok(())
}

fn corners(quad: &Value) -> Option<Quad> {
    let point = |value: &Value| Some(Point::new(value[0].as_f64()? as f32, value[1].as_f64()? as f32));
    let corners: Vec<Point> = quad.as_array()?.iter().map(point).collect::<Option<_>>()?;
    Some(Quad { corners: corners.try_into().ok()? })
}

/// Every measure, NaN where it could not be taken; `None` for corners that no card can have. `quad` is in the frame of the whole photo.
fn measured(photo: &Photo, quad: &Quad, side: Option<CardSide>) -> Option<BTreeMap<&'static str, f64>> {
    let (width, height) = (photo.full_width() as f32, photo.full_height() as f32);
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let in_photo = quad.scaled(photo.scale());
    let to_photo = Homography::between(&Quad::whole(WIDTH_PX as f32, HEIGHT_PX as f32), &in_photo)?;
    let card = warp_projective(photo.pyramid(), &to_photo, WIDTH_PX, HEIGHT_PX);
    let start = Instant::now();
    let view = measures::CardView::new(&card, side);
    let blur = measures::worst_field_blur(&view);
    let glare = measures::glare(&view);
    let screen = measures::screen_traces(photo.rgb(), &in_photo, photo.scale());
    let mut values = BTreeMap::from([
        ("margin", measures::margin_share(quad, width, height)),
        ("outside", measures::outside_share(quad, width, height)),
        ("px_per_mm", or_nan(measures::px_per_mm(quad))),
        ("aspect", or_nan(measures::aspect_deviation(quad, width, height))),
        ("focus_px", or_nan(blur.map(|b| b.focus_px))),
        ("motion_px", or_nan(blur.map(|b| b.motion_px))),
        ("background_luma", measures::background_luma(&view)),
        ("over_exposed", measures::over_exposed_share(&view)),
        ("glare_card", glare.card_share),
        ("glare_field", or_nan(glare.worst_field().map(|f| f.1))),
        ("glare_portrait", or_nan(glare.portrait_share())),
        ("uneven", measures::uneven_light_ratio(&view)),
        ("chroma", measures::chroma_percent(&view)),
        ("covered", measures::covered_share(&view)),
        ("screen_db", or_nan(screen.map(|s| s.pattern_db))),
        ("screen_ripple", or_nan(screen.map(|s| s.ripple_percent))),
    ]);
    values.insert("ms", start.elapsed().as_secs_f64() * 1e3);
    Some(values)
}

//! Pictures of a case for a page: made smaller, stored anew without any metadata, and with what
//! must not be seen gone from the pixels. What is drawn over them stays apart, as shapes.

use super::overlay::{Overlay, card_overlays, face_overlays};
use super::view::Privacy;
use crate::assess::{Seen, SeenCard};
use crate::card::CardSide;
use crate::card::layout::{HEIGHT_PX, WIDTH_PX, Zone};
use crate::card::measures::{CardView, blur_map, glare_map};
use crate::case::SampleKind;
use crate::face::AlignedFace;
use crate::geometry::{Point, Quad, Rect, Similarity};
use crate::imaging::{Pyramid, Rgb, encode_jpeg, fill_quad, mosaic, warp};

/// Longer side of a photo in a page, pixels: sharp at the width of a column, some 150 KB.
const PHOTO_LONG_SIDE_PX: u32 = 1200;

/// Width of the rectified card in a page, pixels.
const CARD_WIDTH_PX: u32 = 640;

/// libjpeg's scale; faults of a photo show, its grain need not.
const JPEG_QUALITY: u8 = 80;

/// Squares along the longer side of a photo of which nobody knows where it shows print. A card that
/// fills the photo then has squares of 3.6 mm and more, higher than its characters.
const MOSAIC_CELLS: u32 = 24;

/// Print may stand beside its place by a misplaced corner of the card: this much more of the card is
/// painted over around each field, millimetres.
const FIELD_MARGIN_MM: f32 = 1.5;

/// From this probability on the side is taken to be the one by whose layout fields are painted over.
/// Below it, nobody knows where the print is, and the whole photo becomes a mosaic.
const SIDE_IS_SURE: f32 = 0.9;

/// Area of other cards over that of the card up to which it counts as alone: on photos of one card the
/// locator sees this much of others (policy/default.toml, `second_card_area_ratio`).
const OTHERS_AREA_MAX: f32 = 0.02;

/// What is painted where print was: the grey of nothing.
const PAINT: [u8; 3] = [176, 180, 186];

/// A picture ready to stand in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// A JPEG file without metadata.
    pub jpeg: Vec<u8>,
}

/// One photo and what was seen in it.
#[derive(Debug, Clone)]
pub struct PhotoPicture {
    /// The photo, upright.
    pub photo: Picture,
    /// What can be drawn over it, in its pixels.
    pub overlays: Vec<Overlay>,
    /// What is covered until it is clicked, in its pixels.
    pub covers: Vec<Quad>,
    /// Whether the photo was made a mosaic, for nobody knows where it shows print.
    pub is_mosaic: bool,
    /// The card, upright.
    pub card: Option<CardPicture>,
    /// The measured face, aligned.
    pub face: Option<Picture>,
}

/// The card cut out of a photo.
#[derive(Debug, Clone)]
pub struct CardPicture {
    /// The card, upright.
    pub picture: Picture,
    /// What can be drawn over it, in its pixels.
    pub overlays: Vec<Overlay>,
    /// What is covered until it is clicked, in its pixels.
    pub covers: Vec<Quad>,
}

impl Picture {
    fn of(picture: &Rgb) -> Self {
        let jpeg = encode_jpeg(picture, JPEG_QUALITY);
        Self { width_px: picture.width(), height_px: picture.height(), jpeg }
    }
}

/// What a page shows of one photo of `kind`.
pub(super) fn photo_picture(kind: SampleKind, seen: &Seen, privacy: Privacy) -> PhotoPicture {
    let pyramid = seen.photo.pyramid();
    let decoded = pyramid.base();
    let long_side = decoded.width().max(decoded.height());
    let shrink = (PHOTO_LONG_SIDE_PX as f32 / long_side as f32).min(1.0);
    let mut photo = shrunk(pyramid, shrink);
    let whole = Quad::whole(photo.width() as f32, photo.height() as f32);
    let (mut covers, mut is_mosaic) = (Vec::new(), false);
    match kind {
        SampleKind::Selfie => {
            covers.extend(seen.faces.iter().map(|found| Quad::of_rect(&head(&found.face, shrink))));
            if covers.is_empty() {
                covers.push(whole);
            }
        }
        SampleKind::Front | SampleKind::Back => match seen.card.as_ref().and_then(sure_side) {
            None if privacy == Privacy::Masked => {
                let side_px = photo.width().max(photo.height());
                photo = mosaic(&photo, side_px.div_ceil(MOSAIC_CELLS));
                is_mosaic = true;
            }
            None => covers.push(whole),
            Some((card, side)) => {
                let to_photo = &card.found.rectified.to_photo;
                let place = |zone: &Zone| field_quad(zone, |p| to_photo.apply(p).scaled(shrink));
                for quad in personal(side).iter().map(place) {
                    match privacy {
                        Privacy::Masked | Privacy::Redacted => fill_quad(&mut photo, &quad, PAINT),
                        Privacy::Unmasked => covers.push(quad),
                    }
                }
                covers.extend(portraits(side).iter().map(place));
            }
        },
    }
    let mut overlays = seen.card.as_ref().map(|card| photo_overlays(card, shrink)).unwrap_or_default();
    overlays.extend(face_overlays(seen, shrink));
    PhotoPicture {
        photo: Picture::of(&photo),
        overlays,
        covers,
        is_mosaic,
        card: seen.card.as_ref().and_then(|card| card_picture(card, privacy)),
        face: face(seen),
    }
}

/// A picture made smaller.
fn shrunk(photo: &Pyramid, shrink: f32) -> Rgb {
    let size = |side: u32| ((side as f32 * shrink).round() as u32).max(1);
    let (width, height) = (size(photo.base().width()), size(photo.base().height()));
    warp(photo, &Similarity { a: 1.0 / shrink, b: 0.0, tx: 0.0, ty: 0.0 }, width, height)
}

/// The measured face as comparison sees it.
fn face(seen: &Seen) -> Option<Picture> {
    let face = seen.face.as_ref()?;
    Some(Picture::of(&AlignedFace::cut(seen.photo.pyramid(), &face.landmarks)?.rgb))
}

/// The card where it is alone and surely shows the side by whose layout it was read: only then is
/// it known where the print is.
fn sure_side(card: &SeenCard) -> Option<(&SeenCard, CardSide)> {
    let (side, score) = card.found.reading.side();
    let is_alone = card.found.others.is_empty() && card.found.others_area <= OTHERS_AREA_MAX;
    (card.side == Some(side) && score >= SIDE_IS_SURE && is_alone).then_some((card, side))
}

/// The fields of a side that say who somebody is.
fn personal(side: CardSide) -> &'static [Zone] {
    match side {
        CardSide::Portrait => {
            &[Zone::Name, Zone::Sex, Zone::Ethnicity, Zone::BirthDate, Zone::Address, Zone::Number]
        }
        CardSide::Emblem => &[Zone::Authority, Zone::Validity],
    }
}

fn portraits(side: CardSide) -> &'static [Zone] {
    match side {
        CardSide::Portrait => &[Zone::Portrait],
        CardSide::Emblem => &[],
    }
}

/// A field with room around, mapped from the rectified card.
fn field_quad(zone: &Zone, map: impl FnMut(Point) -> Point) -> Quad {
    let Rect { x, y, width, height } = zone.px();
    let margin = FIELD_MARGIN_MM * crate::card::layout::PX_PER_MM;
    let roomy =
        Rect { x: x - margin, y: y - margin, width: width + 2.0 * margin, height: height + 2.0 * margin };
    Quad::of_rect(&roomy).map(map)
}

/// The head around a face from brows to chin.
fn head(face: &Rect, shrink: f32) -> Rect {
    let (x, y) = ((face.x - 0.2 * face.width) * shrink, (face.y - 0.45 * face.height) * shrink);
    Rect { x, y, width: 1.4 * face.width * shrink, height: 1.6 * face.height * shrink }
}

fn photo_overlays(card: &SeenCard, shrink: f32) -> Vec<Overlay> {
    let to_photo = &card.found.rectified.to_photo;
    let others: Vec<Quad> = card.found.others.iter().map(|quad| quad.scaled(shrink)).collect();
    let mut overlays = vec![Overlay::Card { quad: card.found.quad.scaled(shrink), others }];
    overlays.extend(card_overlays(card.side, &maps(card), |p| to_photo.apply(p).scaled(shrink)));
    overlays
}

fn maps(card: &SeenCard) -> [crate::card::measures::CardMap; 2] {
    let view = CardView::new(&card.found.rectified.image, card.side);
    [glare_map(&view), blur_map(&view)]
}

/// The upright card; `None` where it may not be shown for nobody knows where its print is.
fn card_picture(card: &SeenCard, privacy: Privacy) -> Option<CardPicture> {
    let shrink = CARD_WIDTH_PX as f32 / WIDTH_PX as f32;
    let mut full = card.found.rectified.image.clone();
    let mut covers = Vec::new();
    let place = |zone: &Zone| field_quad(zone, |p| p);
    match (sure_side(card), privacy) {
        (None, Privacy::Masked | Privacy::Redacted) => return None,
        (None, Privacy::Unmasked) => covers.push(Quad::whole(WIDTH_PX as f32, HEIGHT_PX as f32)),
        (Some((_, side)), Privacy::Unmasked) => {
            covers.extend(personal(side).iter().chain(portraits(side)).map(place));
        }
        (Some((_, side)), Privacy::Masked | Privacy::Redacted) => {
            personal(side).iter().for_each(|zone| fill_quad(&mut full, &place(zone), PAINT));
            covers.extend(portraits(side).iter().map(place));
        }
    }
    Some(CardPicture {
        picture: Picture::of(&shrunk(&Pyramid::new(full), shrink)),
        overlays: card_overlays(card.side, &maps(card), |p| p.scaled(shrink)),
        covers: covers.iter().map(|quad| quad.scaled(shrink)).collect(),
    })
}

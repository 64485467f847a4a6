//! What was seen in a photo as shapes over its picture: SVG layers that can be switched one by one.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::names;
use super::words::{Words, words};
use crate::assess::Seen;
use crate::card::CardSide;
use crate::card::layout::Zone;
use crate::card::measures::CardMap;
use crate::geometry::{Point, Quad, Rect};

/// The covered share of a cell from which it is drawn as glare: fainter is nothing to see.
const GLARE_DRAWN: f32 = 0.05;

/// Spread of edges that is drawn in full colour, pixels at 300 dpi: print is hardly legible.
const BLUR_IN_FULL_PX: f32 = 4.0;

/// One kind of thing that was seen, in the pixels of a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The card, its first corner the upper left one of the print, and other cards.
    Card {
        /// Its outline.
        quad: Quad,
        /// Outlines of the others.
        others: Vec<Quad>,
    },
    /// Where the fields of the side are.
    Fields(Vec<(Zone, Quad)>),
    /// Where a lamp is mirrored, with the covered share of each cell.
    Glare(Vec<(Quad, f32)>),
    /// How far edges smear where there is print, pixels at 300 dpi.
    Blur(Vec<(Quad, f32)>),
    /// Every face with the detector's confidence, the measured one first.
    Faces(Vec<(Rect, f32)>),
    /// The points of the mesh.
    Mesh(Vec<Point>),
    /// The corners of both eyes.
    Eyes([[Point; 2]; 2]),
}

impl Overlay {
    /// The name of its layer.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Card { .. } => "card",
            Self::Fields(_) => "fields",
            Self::Glare(_) => "glare",
            Self::Blur(_) => "blur",
            Self::Faces(_) => "faces",
            Self::Mesh(_) => "mesh",
            Self::Eyes(_) => "eyes",
        }
    }

    /// What its switch says.
    pub fn name(&self) -> Words {
        match self {
            Self::Card { .. } => words("证件轮廓", "Card"),
            Self::Fields(_) => words("字段", "Fields"),
            Self::Glare(_) => words("反光", "Glare"),
            Self::Blur(_) => words("模糊", "Blur"),
            Self::Faces(_) => words("人脸", "Faces"),
            Self::Mesh(_) => words("网格", "Mesh"),
            Self::Eyes(_) => words("眼睛", "Eyes"),
        }
    }

    /// Whether it is drawn before anybody asks.
    pub fn is_on_at_first(&self) -> bool {
        matches!(self, Self::Card { .. } | Self::Faces(_))
    }

    /// Its shapes; `unit` is the height of small print in pixels of the picture.
    pub(super) fn shapes(&self, unit: f32) -> Markup {
        match self {
            Self::Card { quad, others } => html! {
                @for other in others { polygon class="other" points=(points(quad_points(other))) {} }
                polygon class="outline" points=(points(quad_points(quad))) {}
                @let first = quad.corners[0];
                circle class="outline dot" cx=(px(first.x)) cy=(px(first.y)) r=(px(unit * 0.45)) {}
            },
            Self::Fields(fields) => html! {
                @for (zone, quad) in fields {
                    polygon class="zone" points=(points(quad_points(quad))) {}
                    @let at = quad.corners[0];
                    @let name = names::zone(*zone);
                    @for (tag, text) in [("zh-CN", &name.zh_cn), ("en", &name.en)] {
                        text lang=(tag) x=(px(at.x)) y=(px(at.y - unit * 0.25)) font-size=(px(unit)) { (text) }
                    }
                }
            },
            Self::Glare(cells) => cells_markup("glare", cells, |share| share),
            Self::Blur(cells) => {
                cells_markup("blur", cells, |spread| (spread / BLUR_IN_FULL_PX).clamp(0.05, 1.0))
            }
            Self::Faces(faces) => html! {
                @for (i, (face, score)) in faces.iter().enumerate() {
                    rect class=(if i == 0 { "outline" } else { "other" }) x=(px(face.x)) y=(px(face.y))
                        width=(px(face.width)) height=(px(face.height)) {}
                    text x=(px(face.x)) y=(px(face.y - unit * 0.3)) font-size=(px(unit)) { (format!("{score:.2}")) }
                }
            },
            // A line of no length with a round end is a dot.
            Self::Mesh(mesh) => html! {
                path class="mesh" stroke-width=(px(unit * 0.22)) d=(mesh.iter().fold(String::new(), |mut d, p| {
                    write!(d, "M{} {}h0", px(p.x), px(p.y)).expect("writing to a String");
                    d
                })) {}
            },
            Self::Eyes(eyes) => html! {
                @for [a, b] in eyes {
                    path class="outline" d=(format!("M{} {}L{} {}", px(a.x), px(a.y), px(b.x), px(b.y))) {}
                }
                @let [left, right] = eyes.map(|[a, b]| a.midpoint(b));
                path class="thin" d=(format!("M{} {}L{} {}", px(left.x), px(left.y), px(right.x), px(right.y))) {}
            },
        }
    }
}

fn cells_markup(class: &str, cells: &[(Quad, f32)], opacity: impl Fn(f32) -> f32) -> Markup {
    html! {
        g class=(class) {
            @for (quad, value) in cells {
                polygon fill-opacity=(format!("{:.2}", 0.75 * opacity(*value))) points=(points(quad_points(quad))) {}
            }
        }
    }
}

/// Fields and maps of a card in a frame that `map` leads to from that of the rectified card: glare,
/// then blur.
pub(super) fn card_overlays(
    side: Option<CardSide>,
    [glare, blur]: &[CardMap; 2],
    map: impl Fn(Point) -> Point,
) -> Vec<Overlay> {
    let zones: &[Zone] = match side {
        Some(CardSide::Portrait) => &Zone::PORTRAIT_SIDE,
        Some(CardSide::Emblem) => &Zone::EMBLEM_SIDE,
        None => &[],
    };
    let cell = |map_of: &CardMap, [x, y]: [u32; 2]| {
        let side = map_of.cell_px as f32;
        Quad::of_rect(&Rect { x: x as f32, y: y as f32, width: side, height: side }).map(&map)
    };
    let mut overlays = Vec::new();
    if !zones.is_empty() {
        let fields = zones.iter().map(|zone| (*zone, Quad::of_rect(&zone.px()).map(&map)));
        overlays.push(Overlay::Fields(fields.collect()));
    }
    let glare = glare.values().filter(|(_, share)| *share >= GLARE_DRAWN).map(|(at, v)| (cell(glare, at), v));
    overlays.push(Overlay::Glare(glare.collect()));
    overlays.push(Overlay::Blur(blur.values().map(|(at, v)| (cell(blur, at), v)).collect()));
    overlays
}

/// The faces of a photo in a picture `shrink` times its size.
pub(super) fn face_overlays(seen: &Seen, shrink: f32) -> Vec<Overlay> {
    let scaled = |r: &Rect| Rect {
        x: r.x * shrink,
        y: r.y * shrink,
        width: r.width * shrink,
        height: r.height * shrink,
    };
    let mut overlays = Vec::new();
    if !seen.faces.is_empty() {
        overlays.push(Overlay::Faces(seen.faces.iter().map(|f| (scaled(&f.face), f.score)).collect()));
    }
    if let Some(face) = &seen.face {
        let points = face.landmarks.points().iter();
        overlays.push(Overlay::Mesh(points.map(|p| p.flat().scaled(shrink)).collect()));
        let eyes = face.landmarks.eye_corners();
        overlays.push(Overlay::Eyes(eyes.map(|eye| eye.map(|p| p.scaled(shrink)))));
    }
    overlays
}

/// All overlays of a picture as one drawing over it, each a layer of its own, and the covers.
pub(super) fn drawing(width_px: u32, height_px: u32, overlays: &[Overlay], covers: &[Quad]) -> Markup {
    let unit = width_px.max(height_px) as f32 / 45.0;
    html! {
        (PreEscaped(format!(
            "<svg class=\"overlays\" viewBox=\"0 0 {width_px} {height_px}\" aria-hidden=\"true\" focusable=\"false\">"
        )))
        @for quad in covers { polygon class="cover" points=(points(quad_points(quad))) {} }
        @for overlay in overlays {
            g class={ "layer " (overlay.id()) } data-layer=(overlay.id()) data-on[overlay.is_on_at_first()] {
                (overlay.shapes(unit))
            }
        }
        (PreEscaped("</svg>"))
    }
}

pub(super) fn quad_points(quad: &Quad) -> &[Point] {
    &quad.corners
}

fn points(points: &[Point]) -> String {
    let pairs: Vec<String> = points.iter().map(|p| format!("{},{}", px(p.x), px(p.y))).collect();
    pairs.join(" ")
}

/// A coordinate to a tenth of a pixel, without a fraction that says nothing.
pub(super) fn px(value: f32) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

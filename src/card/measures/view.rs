//! What the measures of a rectified card share: its luma, its reductions and its background.

use super::background::Background;
use super::covered::Covers;
use crate::card::CardSide;
use crate::card::layout::{HEIGHT_PX, WIDTH_PX, Zone};
use crate::imaging::{Luma, Rgb, halved, luma};

/// Pixels of the rectified card to a pixel of [`CardView::quarter`].
pub(super) const QUARTER: u32 = 4;

/// A rectified card, upright, with what several measures read of it.
pub struct CardView {
    /// Its luma, 1012 x 638.
    pub(super) luma: Luma,
    /// Its colours at a quarter of the scale, 253 x 160.
    pub(super) quarter: Rgb,
    /// Its colours at an eighth of the scale, 126 x 80.
    pub(super) eighth: Rgb,
    /// What it would look like without print.
    pub(super) background: Background,
    /// What lies on it.
    pub(super) covers: Covers,
    /// Which side it shows; `None` for a card whose layout is not known.
    pub(super) side: Option<CardSide>,
}

impl CardView {
    /// Looks at `card`, a rectified card of 1012 x 638 pixels. About 2 ms.
    ///
    /// # Panics
    /// If `card` has another size.
    pub fn new(card: &Rgb, side: Option<CardSide>) -> Self {
        assert_eq!((card.width(), card.height()), (WIDTH_PX, HEIGHT_PX), "a rectified card");
        let quarter = halved(&halved(card));
        let eighth = halved(&quarter);
        let background = Background::of(&quarter, side);
        let covers = Covers::of(&eighth, &background, side);
        Self { luma: luma(card), quarter, eighth, background, covers, side }
    }

    /// The zones of its side; none where the side is not known.
    pub(super) fn zones(&self) -> &'static [Zone] {
        zones(self.side)
    }
}

/// The zones of a side; none where it is not known.
pub(super) fn zones(side: Option<CardSide>) -> &'static [Zone] {
    match side {
        Some(CardSide::Portrait) => &Zone::PORTRAIT_SIDE,
        Some(CardSide::Emblem) => &Zone::EMBLEM_SIDE,
        None => &[],
    }
}

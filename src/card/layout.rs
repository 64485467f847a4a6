//! Where things are printed on a resident ID card: boxes in millimetres of the card's face and in
//! pixels of the rectified card.
//!
//! The card is an ID-1 card of ISO/IEC 7810. Millimetres count from the upper left corner of the
//! upright side, x to the right and y down. Boxes leave room for a misprint or a misplaced corner
//! of about a millimetre.

use crate::geometry::Rect;

/// Width of the card, mm (ISO/IEC 7810 ID-1).
pub const WIDTH_MM: f32 = 85.60;
/// Height of the card, mm (ISO/IEC 7810 ID-1).
pub const HEIGHT_MM: f32 = 53.98;
/// Radius of the card's corners, mm (ISO/IEC 7810).
pub const CORNER_MM: f32 = 3.18;

/// Width of the rectified card, pixels: 300 dpi.
pub const WIDTH_PX: u32 = 1012;
/// Height of the rectified card, pixels: 300 dpi.
pub const HEIGHT_PX: u32 = 638;
/// Pixels of the rectified card to the millimetre.
pub const PX_PER_MM: f32 = WIDTH_PX as f32 / WIDTH_MM;

/// A printed thing with a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Portrait side: the photo of the holder.
    Portrait,
    /// Portrait side: the name.
    Name,
    /// Portrait side: the sex.
    Sex,
    /// Portrait side: the ethnicity.
    Ethnicity,
    /// Portrait side: the line with the birth date.
    BirthDate,
    /// Portrait side: the address, up to three lines.
    Address,
    /// Portrait side: the citizen identity number.
    Number,
    /// Emblem side: the national emblem.
    Emblem,
    /// Emblem side: the two lines of the card's title.
    Title,
    /// Emblem side: the issuing authority.
    Authority,
    /// Emblem side: the two dates of validity.
    Validity,
}

impl Zone {
    /// The zones of the portrait side.
    pub const PORTRAIT_SIDE: [Self; 7] = [
        Self::Portrait,
        Self::Name,
        Self::Sex,
        Self::Ethnicity,
        Self::BirthDate,
        Self::Address,
        Self::Number,
    ];
    /// The zones of the emblem side.
    pub const EMBLEM_SIDE: [Self; 4] = [Self::Emblem, Self::Title, Self::Authority, Self::Validity];

    /// The name used in reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Portrait => "portrait",
            Self::Name => "name",
            Self::Sex => "sex",
            Self::Ethnicity => "ethnicity",
            Self::BirthDate => "birth_date",
            Self::Address => "address",
            Self::Number => "number",
            Self::Emblem => "emblem",
            Self::Title => "title",
            Self::Authority => "authority",
            Self::Validity => "validity",
        }
    }

    /// Whether it holds print that the card is read by, or the portrait: glare, blur and covers
    /// matter there most.
    pub fn is_field(self) -> bool {
        !matches!(self, Self::Emblem | Self::Title)
    }

    /// Its box, millimetres of the upright card.
    pub fn mm(self) -> Rect {
        let [x, y, right, bottom] = match self {
            Self::Portrait => [54.0, 8.0, 80.4, 40.2],
            Self::Name => [14.4, 5.8, 50.0, 11.4],
            Self::Sex => [14.4, 12.9, 21.0, 17.9],
            Self::Ethnicity => [31.2, 12.9, 50.0, 17.9],
            Self::BirthDate => [14.4, 19.5, 46.0, 24.5],
            Self::Address => [14.4, 26.2, 52.5, 42.0],
            Self::Number => [25.0, 43.9, 79.0, 49.3],
            Self::Emblem => [5.0, 5.0, 24.2, 24.2],
            Self::Title => [28.0, 7.5, 78.5, 25.8],
            Self::Authority => [32.0, 37.9, 80.0, 43.2],
            Self::Validity => [32.0, 44.3, 73.0, 49.3],
        };
        Rect { x, y, width: right - x, height: bottom - y }
    }

    /// Its box, pixels of the rectified card.
    pub fn px(self) -> Rect {
        let mm = self.mm();
        Rect {
            x: mm.x * PX_PER_MM,
            y: mm.y * PX_PER_MM,
            width: mm.width * PX_PER_MM,
            height: mm.height * PX_PER_MM,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rectified_card_has_the_cards_shape() {
        let height = HEIGHT_MM * PX_PER_MM;
        assert!((height - HEIGHT_PX as f32).abs() < 0.5, "{height}");
    }

    #[test]
    fn zones_lie_on_the_card_and_those_of_a_side_do_not_overlap() {
        for side in [&Zone::PORTRAIT_SIDE[..], &Zone::EMBLEM_SIDE[..]] {
            for (i, a) in side.iter().enumerate() {
                let r = a.mm();
                assert!(r.x >= 0.0 && r.y >= 0.0, "{a:?}");
                assert!(r.x + r.width <= WIDTH_MM && r.y + r.height <= HEIGHT_MM, "{a:?}");
                assert!(side[..i].iter().all(|b| a.mm().iou(&b.mm()) == 0.0), "{a:?}");
            }
        }
    }
}

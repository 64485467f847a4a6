//! Cards: finding one in a photo, bringing it upright, measuring it, reading it.
//!
//! `find` is the way from a photo to a card in hand: `locate` finds it with a network, `refine`
//! sets its corners to the pixel, `side` tells which side it is and which way up, `rectify` cuts it
//! out. `layout` says where things are printed, `measures` holds one file per measure,
//! `readings` takes them all, `fields` reads what is printed. Nothing here knows a threshold of the policy; the
//! operating points of the models themselves stand beside them.

pub mod fields;
mod find;
pub mod layout;
mod locate;
pub mod measures;
mod models;
mod readings;
mod rectify;
mod refine;
mod side;

pub use find::{FoundCard, find};
pub use locate::{Evidence, Located, Visible, located};
pub use models::{CardError, CardModels, MODELS};
pub use readings::{LocatedCard, card_readings};
pub use rectify::{Rectified, Resolution, tilt_deg};
pub use refine::{Refined, Side, refined};
pub use side::{SideReading, side_reading};

/// Which side of a resident ID card a photo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardSide {
    /// The side with the portrait, 人像面.
    Portrait,
    /// The side with the national emblem, 国徽面.
    Emblem,
}

//! Cards: finding one in a photo, bringing it upright, measuring it, reading it.
//!
//! `layout` says where things are printed, `measures` holds one file per measure, `readings` takes
//! them all. Nothing here knows a threshold of the policy.

pub mod layout;
pub mod measures;
mod readings;

pub use readings::{LocatedCard, card_readings};

/// Which side of a resident ID card a photo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardSide {
    /// The side with the portrait, 人像面.
    Portrait,
    /// The side with the national emblem, 国徽面.
    Emblem,
}

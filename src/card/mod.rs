//! Cards: finding one in a photo, bringing it upright, measuring it, reading it.
//!
//! `locate` finds cards with a network; `layout` says where things are printed. Nothing here knows
//! a threshold of the policy; the operating points of the models themselves stand beside them.

pub mod layout;
mod locate;
mod models;
mod refine;

pub use locate::{Evidence, Located, Visible, located};
pub use models::{CardError, CardModels, MODELS};
pub use refine::{Refined, Side, refined};

/// Which side of a resident ID card a photo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardSide {
    /// The side with the portrait, 人像面.
    Portrait,
    /// The side with the national emblem, 国徽面.
    Emblem,
}

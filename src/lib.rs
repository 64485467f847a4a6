//! `realname` looks at the photos of a real-name verification (ID card front and back, selfie
//! frames), measures them, and decides by a policy whether they can be accepted.
//!
//! Start at [`Engine`]. The floors, lower first; a module uses lower floors only
//! (`tests/architecture.rs`): `geometry`, `score` · `case`, `imaging` · `evidence`, `inference` ·
//! `capture`, `card`, `face` · `assess`, `policy` · `engine`, `report`, `status`, `photos` ·
//! `queue`, `eval`, `replay` · `worker`, `events` · `review`, `monitor` · `cli`.

pub mod assess;
pub mod capture;
pub mod card;
pub mod case;
pub mod cli;
pub mod engine;
pub mod eval;
pub mod events;
pub mod evidence;
pub mod face;
pub mod geometry;
pub mod imaging;
pub mod inference;
pub mod monitor;
pub mod photos;
pub mod policy;
pub mod queue;
pub mod replay;
pub mod report;
pub mod review;
pub mod score;
pub mod status;
pub mod worker;

pub use engine::{Engine, EngineError, FaceOf, Inspection, Settings};
pub use policy::Policy;

/// Compiles the example in the readme.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

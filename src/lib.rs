//! `realname` looks at the photos of a real-name verification (ID card front and back, selfie
//! frames), measures them, and decides by a policy whether they can be accepted.
//!
//! The floors, lower first; a module uses lower floors only (`tests/architecture.rs`):
//! `geometry`, `score` · `case`, `imaging` · `evidence`, `inference` · `card`, `face` ·
//! `assess`, `policy` · `engine`, `report` · `worker` · `cli`.

pub mod case;
pub mod cli;
pub mod engine;
pub mod evidence;
pub mod geometry;
pub mod imaging;
pub mod policy;
pub mod report;
pub mod score;
pub mod worker;

pub use engine::{Engine, EngineError, Settings};

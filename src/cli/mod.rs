//! Commands. Temporary: only `models` is here on this branch.

pub mod models;

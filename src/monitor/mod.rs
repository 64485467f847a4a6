//! What operators see of a running program: its log, its metrics, and whether it is well.
//!
//! Everything here is made from what `worker` tells of and holds no personal data: case ids, codes,
//! decisions, durations and counts. Starts no work and changes none.

mod endpoint;
pub mod log;
mod metrics;

pub use endpoint::{Endpoint, EndpointError, Health};
pub use metrics::Metrics;

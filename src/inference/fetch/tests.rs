//! Fetching, without a network.

//! The `realname` program.
fn main() {}

//! Two clocks: the wall's, which is for people and may be set to anything, and one that only goes
//! forward, by which leases and waits are kept.

use std::fs;
use std::time::SystemTime;

/// The name of no start at all: the steady clock is the wall's.
const WALL: &str = "wall";

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970, by the wall's clock.
    pub wall_ms: u64,
    /// Milliseconds since the machine was started. Another start has another [`Clock::boot`].
    pub steady_ms: u64,
}

/// Tells the time. A test has its own.
pub trait Clock: Send + Sync {
    /// The moment.
    fn now(&self) -> Now;

    /// What distinguishes this start of the machine from others: `steady_ms` of two starts do not
    /// compare.
    fn boot(&self) -> &str;
}

/// The machine's clocks. On Linux the steady one is the kernel's uptime, which all processes of the
/// machine share and nobody can set; elsewhere it is the wall's.
#[derive(Debug)]
pub struct SystemClock {
    boot: String,
}

impl SystemClock {
    /// Reads which start of the machine this is.
    pub fn new() -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned());
        match (boot, uptime_ms()) {
            (Ok(boot), Some(_)) if !boot.is_empty() => Self { boot },
            _ => Self { boot: WALL.to_owned() },
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let wall_ms = since.as_millis() as u64;
        let steady_ms = if self.boot == WALL { wall_ms } else { uptime_ms().unwrap_or(wall_ms) };
        Now { wall_ms, steady_ms }
    }

    fn boot(&self) -> &str {
        &self.boot
    }
}

/// `/proc/uptime`: seconds since the start with two decimals, time asleep included.
fn uptime_ms() -> Option<u64> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    (seconds >= 0.0).then_some((seconds * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_clock_goes_forward() {
        let clock = SystemClock::new();
        let first = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(30));
        let second = clock.now();
        assert!(second.steady_ms > first.steady_ms, "{first:?} {second:?}");
        assert!(!clock.boot().is_empty());
        assert_eq!(clock.boot(), SystemClock::new().boot());
    }
}

//! How long to wait before looking or trying again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Waits that double from `first` up to `most`, each shortened at random by up to half, so that
/// many steps that failed together do not come back together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
}

/// Between two probes of one door.
pub(super) const PROBE: Backoff = Backoff::new(250, 15_000);
/// Between two attempts of one step.
pub(super) const ATTEMPT: Backoff = Backoff::new(500, 30_000);

impl Backoff {
    /// Both in milliseconds; a `most` below `first` does not compile where it is a constant.
    const fn new(first: u64, most: u64) -> Self {
        assert!(first > 0 && first <= most, "waits grow");
        Self {
            first: Duration::from_millis(first),
            most: Duration::from_millis(most),
        }
    }

    /// The wait after `failures` failures; 1 is the first.
    pub(super) fn after(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let full = self.first.saturating_mul(1 << doublings).min(self.most);
        let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32);
        let share = f64::from(random.unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        full.mul_f64(1.0 - share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_with_jitter_and_stop_growing() {
        for failures in 1..200 {
            let full = Duration::from_millis(250 << (failures - 1).min(12)).min(PROBE.most);
            let wait = PROBE.after(failures);
            assert!(wait <= full && wait >= full / 2, "{failures}: {wait:?}");
        }
        let waits: std::collections::BTreeSet<_> = (0..50).map(|_| PROBE.after(6)).collect();
        assert!(waits.len() > 10, "no jitter");
    }
}

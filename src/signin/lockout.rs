//! How often somebody may try: per person, and per address that requests come from.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::hold;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// How many failures of a person are free.
const FREE: u32 = 5;
/// How long the first failure that is not free keeps them out; each one more doubles it.
const FIRST: SignedDuration = SignedDuration::from_secs(30);
/// The longest that somebody is kept out, so that others cannot keep them out for good.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// After this long without one, failures are forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// How many attempts an address has.
const ATTEMPTS: u32 = 20;
/// In how long.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How many addresses are remembered at once; those beyond share one place.
const ADDRESSES: usize = 10_000;

/// The failures of a person in a row.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Failures {
    count: u32,
    last: Option<Timestamp>,
    /// Until when they are kept out.
    pub(super) until: Option<Timestamp>,
}

impl Failures {
    /// What one more makes of them. One while kept out does not lengthen it.
    pub(super) fn after_another(self, now: Timestamp) -> Self {
        if self.until.is_some_and(|until| until > now) {
            return self;
        }
        let recent = self
            .last
            .is_some_and(|last| now.duration_since(last) < FORGOTTEN);
        let count = if recent {
            self.count.saturating_add(1)
        } else {
            1
        };
        let until = count.checked_sub(FREE).map(|over| {
            let wait = FIRST.checked_mul(1 << over.min(16)).unwrap_or(LONGEST);
            now.saturating_add(wait.min(LONGEST)).unwrap_or(now)
        });
        Self {
            count,
            last: Some(now),
            until,
        }
    }
}

/// How often those whose time is over are looked for, when there is no room: it walks over all.
const SWEPT_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// The attempts of addresses, in memory.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// How many attempts since when.
    attempts: HashMap<IpAddr, (u32, Timestamp)>,
    swept: Option<Timestamp>,
}

impl Addresses {
    /// Counts an attempt.
    pub(super) fn admit(&self, from: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let mut known = hold(&self.0);
        let current = |begun: Timestamp| now.duration_since(begun) < WINDOW && begun <= now;
        let recently = |swept: Timestamp| now.duration_since(swept).abs() < SWEPT_EVERY;
        if known.attempts.len() >= ADDRESSES && !known.swept.is_some_and(recently) {
            known.attempts.retain(|_, (_, begun)| current(*begun));
            known.swept = Some(now);
        }
        let mut place = place(from);
        if known.attempts.len() >= ADDRESSES && !known.attempts.contains_key(&place) {
            place = nowhere();
        }
        let (count, begun) = known.attempts.entry(place).or_insert((0, now));
        if !current(*begun) {
            (*count, *begun) = (0, now);
        }
        if *count >= ATTEMPTS {
            let wait = WINDOW - now.duration_since(*begun);
            let what = "There were too many attempts to sign in from your address.";
            return Err(Fault::input("too-many", what)
                .at(format!("{} seconds", wait.as_secs().max(1)))
                .hint("wait some minutes, and try again"));
        }
        *count += 1;
        Ok(())
    }

    /// A sign-in that succeeded does not count.
    pub(super) fn forgive(&self, from: Option<IpAddr>) {
        if let Some((count, _)) = hold(&self.0).attempts.get_mut(&place(from)) {
            *count = count.saturating_sub(1);
        }
    }
}

/// An IPv4 address, or the network of 64 bits that one subscriber has.
fn place(from: Option<IpAddr>) -> IpAddr {
    match from.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        Some(address) => address,
        None => nowhere(),
    }
}

fn nowhere() -> IpAddr {
    IpAddr::V6(Ipv6Addr::UNSPECIFIED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn waits_double_from_the_fifth_failure_on_and_end_at_a_quarter_of_an_hour() {
        let mut failures = Failures::default();
        let mut now = 1_000_000;
        let mut waits = Vec::new();
        for _ in 0..12 {
            failures = failures.after_another(at(now));
            let wait = failures.until.map_or(0, |until| until.as_second() - now);
            waits.push(wait);
            now += wait + 1;
        }
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        let (count, until) = (failures.count, failures.until);
        let failures = failures.after_another(at(until.unwrap().as_second() - 1));
        assert_eq!((failures.count, failures.until), (count, until));
        assert_eq!(failures.after_another(at(now + 86_401)).count, 1);
    }

    #[test]
    fn an_address_has_twenty_attempts_in_five_minutes_and_memory_is_bounded() {
        let addresses = Addresses::default();
        let one: Option<IpAddr> = Some("2001:db8::1".parse().unwrap());
        let neighbour: Option<IpAddr> = Some("2001:db8::ffff".parse().unwrap());
        let other: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        for _ in 0..ATTEMPTS {
            addresses.admit(one, at(0)).unwrap();
        }
        assert_eq!(
            addresses.admit(neighbour, at(1)).unwrap_err().code(),
            "too-many"
        );
        addresses.admit(other, at(1)).unwrap();
        addresses.admit(one, at(300)).unwrap();
        for number in 0..30_000_u32 {
            let from = IpAddr::V4((0x0a00_0000 + number).into());
            addresses.admit(Some(from), at(301)).ok();
        }
        assert!(hold(&addresses.0).attempts.len() <= ADDRESSES + 1);
        // Those beyond share one place until there is room again.
        let late: Option<IpAddr> = Some("203.0.113.9".parse().unwrap());
        assert!(addresses.admit(late, at(305)).is_err());
        addresses.admit(late, at(700)).unwrap();
        assert!(hold(&addresses.0).attempts.len() < 10);
    }
}

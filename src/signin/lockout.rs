//! How often somebody may try: per person, and per address that requests come from.
//!
//! Whoever knows a name can fail in it, again and again. So failures count per person *and* apart for
//! each place where the person has signed in before: strangers keep out whoever comes from a place that
//! is new, and nobody who comes from a desk of their own. From there they have as many failures as
//! strangers have, and an address has an end of attempts whatever name it tries.

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
/// The longest that somebody is kept out by one failure more.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// After this long without one, failures are forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// In how many places, the last ones, a person's failures are counted apart.
pub(super) const PLACES: usize = 8;

/// How many attempts an address has, or the network of 64 bits that one subscriber has.
const ATTEMPTS: u32 = 20;
/// How many attempts a network of 48 bits has: whoever has one has 65,536 of those.
const SITE_ATTEMPTS: u32 = 100;
/// In how long.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How many addresses and networks are remembered at once; for one more, the oldest is forgotten.
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

/// The attempts of addresses, in memory.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<HashMap<Network, Attempts>>);

/// An address, and how many bits of it count.
type Network = (IpAddr, u8);

#[derive(Debug, Clone, Copy)]
struct Attempts {
    count: u32,
    since: Timestamp,
}

impl Attempts {
    fn current(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) < WINDOW && self.since <= now
    }
}

impl Addresses {
    /// Counts an attempt.
    pub(super) fn admit(&self, from: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let mut known = hold(&self.0);
        let networks = networks(from);
        for (network, most) in &networks {
            let attempts = known.get(network).filter(|attempts| attempts.current(now));
            if let Some(attempts) = attempts.filter(|attempts| attempts.count >= *most) {
                let wait = WINDOW - now.duration_since(attempts.since);
                let what = "There were too many attempts to sign in from your address.";
                return Err(Fault::input("too-many", what)
                    .at(format!("{} seconds", wait.as_secs().max(1)))
                    .hint("wait some minutes, and try again"));
            }
        }
        for (network, _) in networks {
            if known.len() >= ADDRESSES && !known.contains_key(&network) {
                let oldest = known.iter().min_by_key(|(_, attempts)| attempts.since);
                if let Some(oldest) = oldest.map(|(network, _)| *network) {
                    known.remove(&oldest);
                }
            }
            let fresh = Attempts {
                count: 0,
                since: now,
            };
            let attempts = known.entry(network).or_insert(fresh);
            if !attempts.current(now) {
                *attempts = fresh;
            }
            attempts.count += 1;
        }
        Ok(())
    }

    /// A sign-in that succeeded does not count.
    pub(super) fn forgive(&self, from: Option<IpAddr>) {
        let mut known = hold(&self.0);
        for (network, _) in networks(from) {
            if let Some(attempts) = known.get_mut(&network) {
                attempts.count = attempts.count.saturating_sub(1);
            }
        }
    }
}

/// The networks that an attempt counts in, and how many each has.
fn networks(from: Option<IpAddr>) -> Vec<(Network, u32)> {
    match from.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => vec![
            ((network(address, 64), 64), ATTEMPTS),
            ((network(address, 48), 48), SITE_ATTEMPTS),
        ],
        Some(address) => vec![((address, 32), ATTEMPTS)],
        None => vec![((IpAddr::V6(Ipv6Addr::UNSPECIFIED), 128), ATTEMPTS)],
    }
}

fn network(address: Ipv6Addr, bits: u32) -> IpAddr {
    let mask = u128::MAX << (128 - bits);
    IpAddr::V6(Ipv6Addr::from(u128::from(address) & mask))
}

/// Where somebody signs in: an IPv4 address, or the network of 64 bits.
pub(super) fn place(from: Option<IpAddr>) -> Option<IpAddr> {
    match from?.to_canonical() {
        IpAddr::V6(address) => Some(network(address, 64)),
        address @ IpAddr::V4(_) => Some(address),
    }
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
        // The oldest makes room: whoever comes late is not counted with strangers.
        for number in 0..u32::try_from(ADDRESSES).unwrap() + 500 {
            let from = IpAddr::V4((0x0a00_0000 + number).into());
            addresses
                .admit(Some(from), at(301 + i64::from(number / 1000)))
                .unwrap();
        }
        assert_eq!(hold(&addresses.0).len(), ADDRESSES);
        let late: Option<IpAddr> = Some("203.0.113.9".parse().unwrap());
        for _ in 0..ATTEMPTS {
            addresses.admit(late, at(340)).unwrap();
        }
        assert!(addresses.admit(late, at(341)).is_err());
        assert_eq!(hold(&addresses.0).len(), ADDRESSES);
    }

    #[test]
    fn a_network_of_48_bits_has_an_end_too() {
        let addresses = Addresses::default();
        let from = |number: u32| -> Option<IpAddr> {
            Some(format!("2001:db8:7:{number:x}::1").parse().unwrap())
        };
        for number in 0..SITE_ATTEMPTS {
            addresses.admit(from(number), at(0)).unwrap();
        }
        assert!(addresses.admit(from(5000), at(1)).is_err());
        addresses
            .admit(Some("2001:db8:8::1".parse().unwrap()), at(1))
            .unwrap();
        addresses.forgive(from(0));
        addresses.admit(from(5000), at(1)).unwrap();
        addresses.admit(from(5001), at(300)).unwrap();
    }
}

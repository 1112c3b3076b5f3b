//! Addresses whose signatures keep failing are refused for a while, before anything of a body is read.
//!
//! Only failures count, and by address, so that nobody's are another's. An address that sent something
//! good is never refused: a flood through the same way in must not shut the HR system out. Where no
//! address is known nobody is refused.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ConnectInfo;
use http::request::Parts;
use jiff::SignedDuration;

use crate::time::Timestamp;

/// How many failures an address has within [`WINDOW`] before it is refused until the end of it.
const FAILURES: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// For how long a good message speaks for its address.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The most addresses that are remembered. When there are more, new ones are not: nobody is refused
/// for want of room.
const ADDRESSES: usize = 4096;

/// What is remembered of addresses.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Addresses>);

#[derive(Debug, Default)]
struct Addresses {
    seen: HashMap<IpAddr, Seen>,
    /// When room was made the last time: once in a window, whoever fills it.
    swept: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    since: Timestamp,
    failures: u32,
    good: Option<Timestamp>,
}

impl Seen {
    fn is_good(&self, now: Timestamp) -> bool {
        self.good
            .is_some_and(|at| now.duration_since(at) < GOOD_FOR)
    }

    fn is_current(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) < WINDOW
    }
}

impl Failures {
    /// For how many seconds an address is refused, if it is.
    pub(super) fn refused_for(&self, address: Option<IpAddr>, now: Timestamp) -> Option<i64> {
        let seen = *self.addresses().seen.get(&address?)?;
        let refused = seen.failures >= FAILURES && seen.is_current(now) && !seen.is_good(now);
        refused.then(|| {
            let passed = now.duration_since(seen.since).as_secs();
            (WINDOW.as_secs() - passed).max(1)
        })
    }

    /// Remembers that an address sent what is believed, or what is not.
    pub(super) fn count(&self, address: Option<IpAddr>, good: bool, now: Timestamp) {
        let Some(address) = address else { return };
        let mut all = self.addresses();
        if all.seen.len() >= ADDRESSES && !all.seen.contains_key(&address) {
            let due = |swept| now.duration_since(swept) >= WINDOW;
            if all.swept.is_none_or(due) {
                all.swept = Some(now);
                all.seen
                    .retain(|_, seen| seen.is_current(now) || seen.is_good(now));
            }
            if all.seen.len() >= ADDRESSES {
                return;
            }
        }
        let seen = all.seen.entry(address).or_insert(Seen {
            since: now,
            failures: 0,
            good: None,
        });
        if good {
            seen.good = Some(now);
            return;
        }
        if !seen.is_current(now) {
            (seen.since, seen.failures) = (now, 0);
        }
        seen.failures = seen.failures.saturating_add(1);
    }

    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a request comes from: the other end of the connection, or what a proxy on this machine says of
/// it. Only the last address of `X-Forwarded-For` is the proxy's own word.
pub(super) fn address(request: &Parts) -> Option<IpAddr> {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    if peer.is_some_and(|address| !address.is_loopback()) {
        return peer;
    }
    let said = request
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()?;
    let last = said.to_str().ok()?.rsplit(',').next()?.trim();
    last.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_want_of_room_refuses_nobody() {
        let failures = Failures::default();
        let now = Timestamp::UNIX_EPOCH;
        for number in 0..100_000_u32 {
            failures.count(Some(IpAddr::from(number.to_be_bytes())), false, now);
        }
        assert_eq!(failures.addresses().seen.len(), ADDRESSES);
        let new = Some(IpAddr::from([9, 9, 9, 9]));
        for _ in 0..100 {
            failures.count(new, false, now);
        }
        assert_eq!(failures.refused_for(new, now), None);
        // Once the others are old there is room.
        let later = now + SignedDuration::from_mins(2);
        for _ in 0..100 {
            failures.count(new, false, later);
        }
        assert_eq!(failures.refused_for(new, later), Some(60));
        assert!(failures.addresses().seen.len() <= ADDRESSES);
    }

    #[test]
    fn only_a_proxy_of_this_machine_is_believed_and_only_its_own_word() {
        let from = |peer: Option<&str>, said: &[&str]| {
            let mut request = http::Request::new(());
            for value in said {
                let value = http::HeaderValue::from_str(value).unwrap();
                request.headers_mut().append("x-forwarded-for", value);
            }
            if let Some(peer) = peer {
                let peer: SocketAddr = peer.parse().unwrap();
                request.extensions_mut().insert(ConnectInfo(peer));
            }
            address(&request.into_parts().0).map(|address| address.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            from(Some("192.0.2.7:9"), &["198.51.100.1"]),
            some("192.0.2.7")
        );
        assert_eq!(
            from(Some("127.0.0.1:9"), &["198.51.100.1, 203.0.113.5"]),
            some("203.0.113.5")
        );
        assert_eq!(
            from(Some("127.0.0.1:9"), &["198.51.100.1", "203.0.113.5"]),
            some("203.0.113.5")
        );
        assert_eq!(from(Some("127.0.0.1:9"), &["nobody"]), None);
        assert_eq!(from(Some("127.0.0.1:9"), &[]), None);
        assert_eq!(from(None, &["2001:db8::1"]), some("2001:db8::1"));
    }
}

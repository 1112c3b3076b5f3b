//! What a browser keeps of a sign-in that it began: everything, so that nobody can fill our memory.
//!
//! ```text
//! cookie = TICKET.BEGUN.NEXT      256 random bits, seconds since 1970, where to go (base64url)
//! state  = HMAC(key, "state"  ‖ cookie)      sent to the provider, and seals the cookie
//! nonce  = HMAC(key, "nonce"  ‖ cookie)      which the ID token repeats
//! verify = HMAC(key, "verify" ‖ cookie)      the secret of PKCE, RFC 7636
//! ```
//!
//! The key is this process's own and is never written: after a restart somebody begins again. That a
//! sign-in came back is remembered for as long as it is good, of the last [`REMEMBERED`]; for one more
//! the oldest is forgotten, and the provider takes its code only once all the same.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::super::ticket::random;
use super::super::{Ticket, hold};
use crate::canon::Digest;
use crate::fault::Result;
use crate::secret::{ExposeSecret as _, SecretString};
use crate::time::Timestamp;

/// How many sign-ins that came back are remembered.
const REMEMBERED: usize = 10_000;
/// The longest address that somebody is led on to, bytes: a cookie has to stay small.
const NEXT_LIMIT: usize = 1024;

/// What the cookie of a sign-in says. Hostile until its state was compared.
#[derive(Debug, Clone)]
pub struct Browser {
    text: SecretString,
    begun: Timestamp,
    next: String,
}

impl Browser {
    fn fresh(next: &str, now: Timestamp) -> Result<Self> {
        let next = if next.len() > NEXT_LIMIT { "/" } else { next };
        let (ticket, then) = (Ticket::fresh()?, now.as_second());
        let coded = URL_SAFE_NO_PAD.encode(next);
        Ok(Self {
            text: format!("{}.{then}.{coded}", ticket.expose()).into(),
            begun: Timestamp::from_second(then).unwrap_or(now),
            next: next.to_owned(),
        })
    }

    /// What somebody sent, when it has the form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (ticket, then, coded) = (parts.next()?, parts.next()?, parts.next()?);
        Ticket::parse(ticket)?;
        let begun = Timestamp::from_second(then.parse().ok()?).ok()?;
        if parts.next().is_some() || coded.len() > 2 * NEXT_LIMIT {
            return None;
        }
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(coded).ok()?).ok()?;
        Some(Self {
            text: text.to_owned().into(),
            begun,
            next,
        })
    }

    /// The value of the cookie.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// What it is known by.
    pub(super) fn digest(&self) -> String {
        Digest::of(self.expose().as_bytes()).to_string()
    }

    /// When the sign-in began.
    pub(super) const fn begun(&self) -> Timestamp {
        self.begun
    }

    /// Where they wanted to go.
    pub(super) fn next(&self) -> &str {
        &self.next
    }
}

/// The secrets of one sign-in.
pub(super) struct Secrets {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// Makes sign-ins, knows its own again, and takes each once.
pub(super) struct Seal {
    key: hmac::Key,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    known: BTreeSet<String>,
    order: VecDeque<String>,
}

impl Seal {
    pub(super) fn new() -> Result<Self> {
        let bytes: [u8; 32] = random()?;
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
            used: Mutex::default(),
        })
    }

    pub(super) fn begin(&self, next: &str, now: Timestamp) -> Result<(Browser, Secrets)> {
        let browser = Browser::fresh(next, now)?;
        let secrets = self.secrets(&browser);
        Ok((browser, secrets))
    }

    /// The secrets of a sign-in that we began in this browser and that comes back for the first time.
    pub(super) fn take(&self, browser: &Browser, state: &str) -> Option<Secrets> {
        let secrets = self.secrets(browser);
        if !bool::from(secrets.state.as_bytes().ct_eq(state.as_bytes())) {
            return None;
        }
        let digest = browser.digest();
        let mut used = hold(&self.used);
        if !used.known.insert(digest.clone()) {
            return None;
        }
        used.order.push_back(digest);
        if used.order.len() > REMEMBERED
            && let Some(oldest) = used.order.pop_front()
        {
            used.known.remove(&oldest);
        }
        Some(secrets)
    }

    fn secrets(&self, browser: &Browser) -> Secrets {
        let secret = |purpose: &str| {
            let text = format!("{purpose}\0{}", browser.expose());
            URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()))
        };
        Secrets {
            state: secret("state"),
            nonce: secret("nonce"),
            verifier: secret("verify"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn a_sign_in_comes_back_once_in_its_browser_and_unchanged() {
        let seal = Seal::new().unwrap();
        let (browser, secrets) = seal.begin("/people?x=1", now()).unwrap();
        let (other, others) = seal.begin("/", now()).unwrap();
        let carried = Browser::parse(browser.expose()).unwrap();
        assert_eq!((carried.begun(), carried.next()), (now(), "/people?x=1"));
        assert!(seal.take(&carried, &others.state).is_none());
        assert!(seal.take(&other, &secrets.state).is_none());
        // Neither the time nor the way on can be changed, and another process has another key.
        let later = browser.expose().replacen("1800000000", "1800000600", 1);
        let later = Browser::parse(&later).unwrap();
        assert!(seal.take(&later, &secrets.state).is_none());
        assert!(
            Seal::new()
                .unwrap()
                .take(&carried, &secrets.state)
                .is_none()
        );
        let taken = seal.take(&carried, &secrets.state).unwrap();
        assert_eq!(
            (taken.nonce, taken.verifier.len()),
            (secrets.nonce, 43),
            "43 is the least that RFC 7636 allows"
        );
        assert!(seal.take(&carried, &secrets.state).is_none(), "once");
        for bad in ["", "a.b.c", &format!("{}.x", browser.expose())] {
            assert!(Browser::parse(bad).is_none(), "{bad}");
        }
        let long = seal.begin(&"/x".repeat(4000), now()).unwrap().0;
        assert_eq!(long.next(), "/");
    }

    #[test]
    fn what_came_back_takes_a_bounded_place() {
        let seal = Seal::new().unwrap();
        let (first, secrets) = seal.begin("/", now()).unwrap();
        assert!(seal.take(&first, &secrets.state).is_some());
        for _ in 0..REMEMBERED + 5 {
            let (browser, secrets) = seal.begin("/", now()).unwrap();
            assert!(seal.take(&browser, &secrets.state).is_some());
        }
        let used = hold(&seal.used);
        assert_eq!(used.known.len(), REMEMBERED);
        assert_eq!(used.order.len(), REMEMBERED);
    }
}

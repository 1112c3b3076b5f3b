//! The ceremonies of WebAuthn, level 3: what a browser is asked, and what it brings back, once and in time.
//!
//! What was begun is kept in memory only, for as long as a browser waits: after a restart somebody begins
//! again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::{Host, Url};
use webauthn_rs::prelude::{
    AuthenticationResult, CredentialID, DiscoverableAuthentication, Passkey as Key,
    PasskeyRegistration, PublicKeyCredential, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::super::{Ticket, hold};
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::time::{Clock, Timestamp};

/// How long somebody may take over their passkey.
const WITHIN: SignedDuration = SignedDuration::from_mins(5);
/// How many may be at it at once; for one more, the one who began first begins again.
const BEGUN: usize = 10_000;
/// The longest answer of a browser, bytes: one without an attestation has about one thousand.
const ANSWER_LIMIT: usize = 16 * 1024;

/// What a browser is asked.
#[derive(Debug)]
pub struct Asked {
    /// What it brings back beside its answer.
    pub begun: Ticket,
    /// What it hands to `navigator.credentials`, with bytes as base64url.
    pub options: Value,
}

/// For whom a passkey is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whose {
    /// What authenticators know the person by.
    pub(super) handle: Uuid,
    /// The session that began.
    pub(super) session: String,
}

/// A sign-in that was begun.
pub(super) type Entering = DiscoverableAuthentication;

/// The site that passkeys are made for and used at, with what is under way.
pub struct RelyingParty {
    webauthn: Webauthn,
    clock: Arc<dyn Clock>,
    adding: Begun<(Whose, PasskeyRegistration)>,
    entering: Begun<Entering>,
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelyingParty").finish_non_exhaustive()
    }
}

impl RelyingParty {
    /// `url` is where people open the pages: passkeys are bound to its name.
    ///
    /// # Errors
    /// Why no browser makes passkeys for such an address: see [`not_offered`].
    pub fn new(url: Option<&Url>, clock: Arc<dyn Clock>) -> Result<Self, &'static str> {
        let url = url.ok_or("the configuration gives the pages no name")?;
        let Some(Host::Domain(name)) = url.host() else {
            return Err("the pages have an address of numbers");
        };
        if url.scheme() != "https" && name != "localhost" {
            return Err("the pages are not reached over TLS");
        }
        let webauthn = WebauthnBuilder::new(name, url)
            .and_then(|builder| {
                builder
                    .rp_name("Cordon")
                    .timeout(WITHIN.unsigned_abs())
                    .build()
            })
            .map_err(|_| "the name of the pages is none")?;
        Ok(Self {
            webauthn,
            clock,
            adding: Begun::default(),
            entering: Begun::default(),
        })
    }

    /// Asks for a passkey: in the same words whoever wants to sign in, since it names no credential.
    ///
    /// # Errors
    /// This machine gives no random numbers.
    pub fn begin_entering(&self) -> Result<Asked> {
        let begun = self.webauthn.start_discoverable_authentication();
        let (asked, state) = begun.map_err(cannot)?;
        Ok(Asked {
            begun: self.entering.keep(state, self.clock.now())?,
            options: json!({ "publicKey": asked.public_key }),
        })
    }

    /// Asks for a new passkey that is none of those that are `known`.
    pub(super) fn begin_adding(
        &self,
        whose: Whose,
        name: &str,
        known: Vec<CredentialID>,
    ) -> Result<Asked> {
        let name = one_line(name, 60);
        let begun =
            (self.webauthn).start_passkey_registration(whose.handle, &name, &name, Some(known));
        let (asked, state) = begun.map_err(cannot)?;
        let mut options = json!({ "publicKey": asked.public_key });
        // One that its authenticator finds by itself: the sign-in names none.
        let selection = options.pointer_mut("/publicKey/authenticatorSelection");
        if let Some(selection) = selection.and_then(Value::as_object_mut) {
            selection.insert("residentKey".to_owned(), json!("required"));
            selection.insert("requireResidentKey".to_owned(), json!(true));
        }
        Ok(Asked {
            begun: self.adding.keep((whose, state), self.clock.now())?,
            options,
        })
    }

    /// The sign-in that was begun so, once.
    pub(super) fn take_entering(&self, begun: &str) -> Option<Entering> {
        self.entering.take(begun, self.clock.now())
    }

    /// The passkey that a browser made, for whom it was begun, once.
    ///
    /// # Errors
    /// `passkey`: it was not begun so, or the answer is not right.
    pub(super) fn added(&self, whose: &Whose, begun: &str, answer: &str) -> Result<Key> {
        let begun = self.adding.take(begun, self.clock.now());
        let (_, state) = begun
            .filter(|(for_whom, _)| for_whom == whose)
            .ok_or_else(|| {
                Fault::input("passkey", "Nobody waits for this passkey any more.")
                    .hint("begin again, in one window, within five minutes")
            })?;
        let wrong = || {
            Fault::input("passkey", "The browser's answer is not right.")
                .hint("begin again, and let your device verify you")
        };
        let answer = read(answer).ok_or_else(wrong)?;
        let made = self.webauthn.finish_passkey_registration(&answer, &state);
        made.map_err(|error| wrong().at(why(&error)))
    }

    /// Holds what a browser signed against a passkey.
    ///
    /// # Errors
    /// Why it does not sign anybody in.
    pub(super) fn proved(
        &self,
        begun: Entering,
        answer: &PublicKeyCredential,
        key: &Key,
    ) -> Result<AuthenticationResult, &'static str> {
        let proved = (self.webauthn).finish_discoverable_authentication_v2(answer, begun, key);
        proved.map_err(|error| {
            if matches!(error, WebauthnError::CredentialPossibleCompromise) {
                tracing::warn!("the counter of a passkey went back: there may be a copy of it");
            }
            why(&error)
        })
    }
}

/// What a browser said, when it has the form.
pub(super) fn read<T: DeserializeOwned>(answer: &str) -> Option<T> {
    let answer = Some(answer).filter(|answer| answer.len() <= ANSWER_LIMIT)?;
    serde_json::from_str(answer).ok()
}

/// What is under way, under the digest of its ticket.
struct Begun<T>(Mutex<HashMap<String, (T, Timestamp)>>);

impl<T> Default for Begun<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Begun<T> {
    fn keep(&self, state: T, now: Timestamp) -> Result<Ticket> {
        let ticket = Ticket::fresh()?;
        let mut known = hold(&self.0);
        known.retain(|_, (_, at)| is_current(*at, now));
        if known.len() >= BEGUN {
            let oldest = known.iter().min_by_key(|(_, (_, at))| *at);
            let oldest = oldest.map(|(digest, _)| digest.clone());
            oldest.and_then(|digest| known.remove(&digest));
        }
        known.insert(ticket.digest(), (state, now));
        Ok(ticket)
    }

    fn take(&self, ticket: &str, now: Timestamp) -> Option<T> {
        let digest = Ticket::parse(ticket)?.digest();
        let (state, at) = hold(&self.0).remove(&digest)?;
        is_current(at, now).then_some(state)
    }
}

/// A clock that was put back must not make it last longer.
fn is_current(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < WITHIN
}

const fn why(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash => "made for another site",
        WebauthnError::MismatchedChallenge => "no answer to what was asked",
        WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => {
            "the device did not verify its person"
        }
        WebauthnError::CredentialPossibleCompromise => {
            "its counter went back: there may be a copy of it"
        }
        _ => "its signature is not right",
    }
}

/// For whoever asks for a passkey where [`RelyingParty::new`] says why there are none.
pub fn not_offered(why: &'static str) -> Fault {
    Fault::input("no-page", format!("Passkeys are not offered: {why}."))
        .hint("they need a name and TLS: [serve] `public_url = \"https://…\"`")
}

fn cannot(error: WebauthnError) -> Fault {
    Fault::failed("passkey", "A passkey cannot be asked for.").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SystemClock;

    #[test]
    fn passkeys_need_a_name_and_tls_or_this_machine() {
        let offered = |url: &str| {
            let url = Url::parse(url).unwrap();
            RelyingParty::new(Some(&url), Arc::new(SystemClock)).is_ok()
        };
        for url in [
            "https://cordon.corp.example/",
            "https://cordon.corp.example:8443/",
            "http://localhost:8470/",
        ] {
            assert!(offered(url), "{url}");
        }
        for url in [
            "http://cordon.corp.example/",
            "http://127.0.0.1:8470/",
            "https://192.0.2.1/",
            "https://[2001:db8::1]/",
        ] {
            assert!(!offered(url), "{url}");
        }
        assert!(RelyingParty::new(None, Arc::new(SystemClock)).is_err());
    }

    #[test]
    fn what_was_begun_is_taken_once_in_time_and_takes_a_bounded_place() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let begun = Begun::default();
        let (first, late) = (begun.keep(1, at(0)).unwrap(), begun.keep(2, at(0)).unwrap());
        assert_eq!(begun.take(first.expose(), at(299)), Some(1));
        assert_eq!(begun.take(first.expose(), at(299)), None, "once");
        assert_eq!(begun.take(late.expose(), at(300)), None, "too late");
        assert_eq!(begun.take("made up", at(0)), None);
        let oldest = begun.keep(3, at(1000)).unwrap();
        for _ in 0..BEGUN {
            begun.keep(4, at(1001)).unwrap();
        }
        assert_eq!(begun.take(oldest.expose(), at(1001)), None);
        assert_eq!(hold(&begun.0).len(), BEGUN);
    }
}

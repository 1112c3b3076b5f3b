//! Codes of an authenticator app: RFC 6238 with SHA-1, six digits, thirty seconds, as every app has it.

use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};

use super::ticket::random;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// The secret of somebody's authenticator app, and the last code that was used.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Codes {
    /// Base 32, 160 bits.
    secret: String,
    /// The step of the last code that was taken. It and those before are not taken again.
    last: u64,
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codes").finish_non_exhaustive()
    }
}

impl Codes {
    /// A fresh secret.
    pub(super) fn fresh() -> Result<Self> {
        let bits: [u8; 20] = random()?;
        Ok(Self {
            secret: Secret::from(bits.to_vec()).to_base32(),
            last: 0,
        })
    }

    /// The secret in groups of four, for whoever types it.
    pub(super) fn text(&self) -> String {
        let letters: Vec<char> = self.secret.chars().collect();
        let groups = letters
            .chunks(4)
            .map(|four| four.iter().collect::<String>());
        groups.collect::<Vec<_>>().join(" ")
    }

    /// The secret as an app reads it from a picture.
    pub(super) fn url(&self, name: &str) -> Result<String> {
        // A colon separates issuer and name in such an address.
        let name = name.replace(':', " ");
        self.totp(&name)?.to_url().map_err(cannot)
    }

    /// Takes a code of now, of the step before or of the one after, each once. True when it was taken;
    /// the caller keeps what changed.
    pub(super) fn take(&mut self, code: &str, now: Timestamp) -> bool {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        let Ok(totp) = self.totp("-") else {
            return false;
        };
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let step = if digits {
            totp.check(&code, seconds)
        } else {
            None
        };
        match step.filter(|step| *step > self.last) {
            Some(step) => {
                self.last = step;
                true
            }
            None => false,
        }
    }

    fn totp(&self, name: &str) -> Result<Totp> {
        let secret = Secret::try_from_base32(&self.secret).map_err(cannot)?;
        Builder::new()
            .with_secret(secret)
            .with_account_name(name)
            .with_issuer(Some("Cordon"))
            .build()
            .map_err(cannot)
    }
}

fn cannot(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::failed("code", "The secret of an authenticator app cannot be used.").caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1: the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            let mut codes = Codes {
                secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(),
                last: 0,
            };
            let at = Timestamp::from_second(second).unwrap();
            assert!(codes.take(code, at), "{second}");
            assert!(!codes.take(code, at), "once only");
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_around_and_none_before_the_last() {
        let of = |second: i64| {
            let codes = Codes {
                secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(),
                last: 0,
            };
            codes
                .totp("-")
                .unwrap()
                .generate(second.unsigned_abs())
                .to_string()
        };
        let taken = |second: i64, now: i64| {
            let mut codes = Codes {
                secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(),
                last: 0,
            };
            codes.take(&of(second), Timestamp::from_second(now).unwrap())
        };
        assert!(taken(90_000, 90_030) && taken(90_030, 90_000));
        assert!(!taken(90_000, 90_060) && !taken(90_060, 90_000));
        let mut codes = Codes {
            secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(),
            last: 0,
        };
        let now = Timestamp::from_second(90_000).unwrap();
        assert!(codes.take(&of(90_030), now));
        assert!(!codes.take(&of(90_000), now), "an older one than the last");
        assert!(!codes.take("12345", now) && !codes.take("", now));
    }
}

//! Random secrets that somebody carries: invitations, sessions, tokens. Only their digest is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::canon::Digest;
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret as _, SecretString};

/// How many characters 256 bits have in base64url.
const LENGTH: usize = 43;

/// 256 random bits as text that fits an address, a cookie and a header.
#[derive(Debug, Clone)]
pub struct Ticket(SecretString);

impl Ticket {
    /// A fresh one.
    ///
    /// # Errors
    /// This machine gives no random numbers.
    pub fn fresh() -> Result<Self> {
        let bits: [u8; 32] = random()?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bits).into()))
    }

    /// What somebody sent, when it has the form of a ticket.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = text.len() == LENGTH && text.bytes().all(plain);
        fits.then(|| Self(text.to_owned().into()))
    }

    /// The secret itself, for the one place that hands it out.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is kept of it.
    pub fn digest(&self) -> String {
        Digest::of(self.expose().as_bytes()).to_string()
    }

    /// Another secret that follows from it and does not lead back.
    pub(super) fn derived(&self, purpose: &str) -> String {
        let text = format!("{purpose}\0{}", self.expose());
        URL_SAFE_NO_PAD.encode(Digest::of(text.as_bytes()).as_bytes())
    }
}

/// Random bytes of the cryptographic library.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        Fault::failed("random", "This machine gives no random numbers.").hint("restart it")
    })?;
    Ok(bytes)
}

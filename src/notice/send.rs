//! Sending: mail over SMTP through lettre. Only what was approved, to whom a person said.
//!
//! A mail is composed once ([`Mail::compose`]), closed for its recipients where they have a key
//! ([`seal`]), signed for the sender's domain ([`dkim`]), kept as evidence, and then handed over
//! byte for byte ([`Server::send`]), as often as the server says "later".

mod compose;
pub mod dkim;
pub mod seal;
mod wire;

pub use compose::{Attachment, Letter, check_address, domain_of};
pub use wire::{Answer, Security, Server};

use lettre::address::Envelope;

/// A mail that is ready to go: exactly these bytes are kept as evidence and sent.
#[derive(Debug, Clone)]
pub struct Mail {
    envelope: Envelope,
    bytes: Vec<u8>,
    /// Its Message-ID, chosen before it leaves so that a crash cannot send it twice unseen.
    pub message_id: String,
    /// How it is encrypted: `smime` or `pgp`; `None` for plain text.
    pub sealed: Option<&'static str>,
}

impl Mail {
    /// The bytes that go over the wire, before SMTP's own doubling of dots.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

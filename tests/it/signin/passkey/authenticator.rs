//! An authenticator in software, with its browser: ES256, and the few maps of CBOR written by hand.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;

/// One credential of an authenticator.
pub(super) struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    handle: Option<Vec<u8>>,
    pub(super) counter: u32,
}

/// How a browser and its authenticator behave; each field may be wrong on purpose.
pub(super) struct Manner {
    pub(super) origin: &'static str,
    pub(super) site: &'static str,
    pub(super) kind: Option<&'static str>,
    pub(super) challenge: Option<&'static str>,
    pub(super) verified: bool,
    pub(super) present: bool,
    pub(super) signed: bool,
    pub(super) handle: Option<&'static [u8]>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            origin: super::ORIGIN,
            site: "localhost",
            kind: None,
            challenge: None,
            verified: true,
            present: true,
            signed: true,
            handle: None,
        }
    }
}

impl Manner {
    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let asked = options["publicKey"]["challenge"].as_str().unwrap();
        let said = json!({
            "type": self.kind.unwrap_or(kind),
            "challenge": self.challenge.unwrap_or(asked),
            "origin": self.origin,
            "crossOrigin": false,
        });
        said.to_string().into_bytes()
    }

    /// The head of what an authenticator signs.
    fn data(&self, flags: u8, counter: u32) -> Vec<u8> {
        let present = if self.present { PRESENT } else { 0 };
        let verified = if self.verified { VERIFIED } else { 0 };
        let mut data = Sha256::digest(self.site).to_vec();
        data.push(present | verified | flags);
        data.extend(counter.to_be_bytes());
        data
    }
}

impl Authenticator {
    pub(super) fn new(id: &[u8]) -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: id.to_vec(),
            handle: None,
            counter: 0,
        }
    }

    /// What `navigator.credentials.create` gives.
    pub(super) fn create(&mut self, options: &Value, manner: &Manner) -> String {
        let user = options["publicKey"]["user"]["id"].as_str().unwrap();
        self.handle = Some(URL_SAFE_NO_PAD.decode(user).unwrap());
        let mut data = manner.data(WITH_KEY, self.counter);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let client_data = manner.client_data("webauthn.create", options);
        self.answer(&json!({
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
        }))
    }

    /// What `navigator.credentials.get` gives.
    pub(super) fn get(&mut self, options: &Value, manner: &Manner) -> String {
        self.counter += 1;
        let data = manner.data(0, self.counter);
        let client_data = manner.client_data("webauthn.get", options);
        let mut message = data.clone();
        message.extend(Sha256::digest(&client_data));
        if !manner.signed {
            message.push(0);
        }
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap();
        let handle = manner.handle.or(self.handle.as_deref());
        self.answer(&json!({
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "signature": URL_SAFE_NO_PAD.encode(signature),
            "userHandle": handle.map(|handle| URL_SAFE_NO_PAD.encode(handle)),
        }))
    }

    fn answer(&self, response: &Value) -> String {
        let id = URL_SAFE_NO_PAD.encode(&self.id);
        let answer = json!({ "id": id, "rawId": id, "type": "public-key", "response": response });
        answer.to_string()
    }

    /// A COSE key (RFC 9053, section 7.1): two coordinates on P-256, for ES256.
    fn public_key(&self) -> Vec<u8> {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let head = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice();
        [head, x, b"\x22\x58\x20", y].concat()
    }
}

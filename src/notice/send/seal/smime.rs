//! S/MIME: CMS EnvelopedData (RFC 5652, 6; RFC 8551), AES-256-CBC, its key by RSA PKCS #1 v1.5: what
//! every receiver must read. `cms` lays the structure out, aws-lc-rs encrypts.

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, EnvelopedData, KeyTransRecipientInfo, RecipientIdentifier, RecipientInfo,
    RecipientInfos,
};
use x509_cert::Certificate;
use x509_cert::der::asn1::{Null, ObjectIdentifier, OctetString};
use x509_cert::der::{Any, Decode as _, DecodePem as _, Encode as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::unfit;
use crate::fault::{Fault, Result};
use crate::time::Timestamp;

/// id-data, RFC 5652, 4.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// id-envelopedData, RFC 5652, 6.1.
const ENVELOPED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
/// rsaEncryption, RFC 8017, appendix C.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// aes256-CBC, RFC 3565, 4.1.
const AES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
/// emailAddress in a subject, PKCS #9.
const EMAIL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
/// id-kp-emailProtection and anyExtendedKeyUsage, RFC 5280, 4.2.1.12.
const FOR_MAIL: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4"),
    ObjectIdentifier::new_unwrap("2.5.29.37.0"),
];

/// A certificate that was looked at: in time, for mail, and of its address.
#[derive(Debug)]
pub struct Recipient {
    certificate: Certificate,
    key: Vec<u8>,
}

impl Recipient {
    /// Reads a certificate, PEM or DER.
    ///
    /// # Errors
    /// It cannot be read, is not of now, not of `address`, not for encrypting mail, or not RSA.
    pub(super) fn read(address: &str, bytes: &[u8], now: Timestamp) -> Result<Self> {
        let certificate = Certificate::from_pem(bytes)
            .or_else(|_| Certificate::from_der(bytes))
            .map_err(|error| {
                unfit(address, "it is no certificate, neither PEM nor DER").caused_by(error)
            })?;
        let body = &certificate.tbs_certificate;
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        if now.as_second() < seconds(&body.validity.not_before) {
            return Err(unfit(address, "the certificate does not count yet"));
        }
        if now.as_second() > seconds(&body.validity.not_after) {
            return Err(unfit(address, "the certificate ran out"));
        }
        if !addresses(&certificate).iter().any(|known| known == address) {
            return Err(unfit(address, "the certificate is another address's"));
        }
        if !may_encrypt(&certificate) {
            return Err(unfit(address, "the certificate is not for encrypting mail"));
        }
        if body.subject_public_key_info.algorithm.oid != RSA {
            return Err(unfit(
                address,
                "the certificate has no RSA key, and no other kind is supported",
            ));
        }
        let key = body.subject_public_key_info.to_der();
        let key = key.map_err(|error| unfit(address, "its key cannot be read").caused_by(error))?;
        PublicEncryptingKey::from_der(&key)
            .map_err(|_| unfit(address, "its RSA key is shorter than 2048 bits or damaged"))?;
        Ok(Self { certificate, key })
    }

    fn info(&self, content_key: &[u8]) -> Option<RecipientInfo> {
        let key = PublicEncryptingKey::from_der(&self.key).ok()?;
        let key = Pkcs1PublicEncryptingKey::new(key).ok()?;
        let mut closed = vec![0; key.ciphertext_size()];
        let closed = key.encrypt(content_key, &mut closed).ok()?;
        let body = &self.certificate.tbs_certificate;
        Some(RecipientInfo::Ktri(KeyTransRecipientInfo {
            version: CmsVersion::V0,
            rid: RecipientIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: body.issuer.clone(),
                serial_number: body.serial_number.clone(),
            }),
            key_enc_alg: AlgorithmIdentifierOwned {
                oid: RSA,
                parameters: Some(Any::encode_from(&Null).ok()?),
            },
            enc_key: OctetString::new(closed.to_vec()).ok()?,
        }))
    }
}

/// The addresses of a certificate, lower case: its alternative names, and the old place in its subject.
fn addresses(certificate: &Certificate) -> Vec<String> {
    let body = &certificate.tbs_certificate;
    let mut all = Vec::new();
    if let Ok(Some((_, names))) = body.get::<SubjectAltName>() {
        for name in names.0 {
            if let GeneralName::Rfc822Name(address) = name {
                all.push(address.as_str().to_ascii_lowercase());
            }
        }
    }
    for part in body.subject.0.iter().flat_map(|set| set.0.iter()) {
        if part.oid == EMAIL
            && let Ok(address) = std::str::from_utf8(part.value.value())
        {
            all.push(address.to_ascii_lowercase());
        }
    }
    all
}

/// An extension that says what a key is for counts; one that is damaged forbids.
fn may_encrypt(certificate: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    let usage = match body.get::<KeyUsage>() {
        Ok(Some((_, usage))) => usage.0.contains(KeyUsages::KeyEncipherment),
        Ok(None) => true,
        Err(_) => false,
    };
    let purpose = match body.get::<ExtendedKeyUsage>() {
        Ok(Some((_, purposes))) => purposes.0.iter().any(|one| FOR_MAIL.contains(one)),
        Ok(None) => true,
        Err(_) => false,
    };
    usage && purpose
}

/// Closes a MIME entity for all of them.
///
/// # Errors
/// A key fails.
pub(super) fn close(recipients: &[Recipient], entity: &[u8]) -> Result<Vec<u8>> {
    closed(recipients, entity)
        .ok_or_else(|| Fault::failed("mail-key", "The mail could not be encrypted with S/MIME."))
}

fn closed(recipients: &[Recipient], entity: &[u8]) -> Option<Vec<u8>> {
    let mut content_key = [0; 32];
    aws_lc_rs::rand::fill(&mut content_key).ok()?;
    let key = UnboundCipherKey::new(&AES_256, &content_key).ok()?;
    let mut content = entity.to_vec();
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
    let cipher = cipher.encrypt(&mut content).ok()?;
    let DecryptionContext::Iv128(iv) = cipher else {
        return None;
    };
    let iv: &[u8; 16] = iv.as_ref();
    let infos: Option<Vec<RecipientInfo>> = recipients
        .iter()
        .map(|one| one.info(&content_key))
        .collect();
    let enveloped = EnvelopedData {
        version: CmsVersion::V0,
        originator_info: None,
        recip_infos: RecipientInfos::try_from(infos?).ok()?,
        encrypted_content: EncryptedContentInfo {
            content_type: DATA,
            content_enc_alg: AlgorithmIdentifierOwned {
                oid: AES,
                parameters: Some(Any::encode_from(&OctetString::new(iv.to_vec()).ok()?).ok()?),
            },
            encrypted_content: Some(OctetString::new(content).ok()?),
        },
        unprotected_attrs: None,
    };
    let message = ContentInfo {
        content_type: ENVELOPED,
        content: Any::encode_from(&enveloped).ok()?,
    };
    message.to_der().ok()
}

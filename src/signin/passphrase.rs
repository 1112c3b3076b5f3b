//! Passphrases: what is taken, and how it is kept (Argon2id, RFC 9106).

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use icu_normalizer::ComposingNormalizer;

use super::ticket::random;
use crate::case::event::Person;
use crate::fault::{Fault, Result};
use crate::secret::{ExposeSecret as _, SecretString};

/// The fewest characters. Length is the only rule: no kinds of characters are asked for.
pub const SHORTEST: usize = 14;
/// The most bytes.
pub const LONGEST: usize = 1024;
/// A part of an address that is shorter is an everyday word.
const TELLING: usize = 5;

/// RFC 9106, section 4, the second recommended option, in one lane: 64 MiB, three passes.
fn hasher() -> Argon2<'static> {
    let params = Params::new(64 * 1024, 3, 1, Some(32)).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What the passphrase of an unknown name is compared with, so that it costs the same. Nobody knows
/// one that fits.
const NOBODY: &str = "$argon2id$v=19$m=65536,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Compatibility forms of Unicode are one, so that every keyboard writes the same passphrase.
fn plain(text: &str) -> String {
    ComposingNormalizer::new_nfkc().normalize(text).into_owned()
}

/// Why a passphrase is not taken.
///
/// # Errors
/// `passphrase`: too short, too long, or what everybody knows of the person.
pub(super) fn check(passphrase: &SecretString, person: &Person) -> Result<()> {
    let refuse = |what: String| {
        Err(Fault::input("passphrase", what)
            .hint("take several words that have nothing to do with each other, or let a password manager make one"))
    };
    if passphrase.expose_secret().len() > LONGEST {
        return refuse(format!("A passphrase has at most {LONGEST} bytes."));
    }
    let text = plain(passphrase.expose_secret());
    if text.chars().count() < SHORTEST {
        return refuse(format!("A passphrase has at least {SHORTEST} characters."));
    }
    let squeezed = |text: &str| -> String {
        let text = plain(text).to_lowercase();
        text.chars().filter(|c| !c.is_whitespace()).collect()
    };
    let text = squeezed(&text);
    let locals = (person.emails.iter()).filter_map(|email| email.split('@').next());
    let known = std::iter::once(person.name.as_str())
        .chain(person.emails.iter().map(String::as_str))
        .chain(locals.filter(|local| local.len() >= TELLING));
    if known
        .map(squeezed)
        .any(|known| !known.is_empty() && text.contains(&known))
    {
        return refuse("A passphrase holds neither your name nor your address.".to_owned());
    }
    Ok(())
}

/// What is kept: a PHC string with its own salt and cost.
///
/// # Errors
/// This machine gives no random numbers or no memory.
pub(super) fn hash(passphrase: &SecretString) -> Result<String> {
    let salt: [u8; 16] = random()?;
    let text = plain(passphrase.expose_secret());
    let hash = hasher().hash_password_with_salt(text.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| {
        Fault::failed("passphrase-hash", "A passphrase could not be kept.").caused_by(error)
    })
}

/// Whether it is the passphrase that was kept. Without one, the answer is no and costs the same.
pub(super) fn fits(passphrase: &SecretString, kept: Option<&str>) -> bool {
    let text = passphrase.expose_secret();
    let text = if text.len() > LONGEST {
        String::new()
    } else {
        plain(text)
    };
    let Ok(hash) = PasswordHash::new(kept.unwrap_or(NOBODY)) else {
        return false;
    };
    let same = hasher().verify_password(text.as_bytes(), &hash).is_ok();
    same && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Person {
        Person {
            name: "Ada Lovegrove".to_owned(),
            roles: Vec::new(),
            key: String::new(),
            emails: vec!["lovegrove@corp.example".to_owned()],
            logins: Vec::new(),
        }
    }

    #[test]
    fn only_length_and_what_everybody_knows_are_judged() {
        let taken = |text: &str| check(&text.to_owned().into(), &ada()).is_ok();
        assert!(taken("all small words"));
        assert!(taken("日本語の長い合言葉でも大丈夫です"));
        assert!(!taken("thirteen char"));
        // Eleven letters, though 33 bytes.
        assert!(!taken("日本語の長い合言葉でも"));
        assert!(!taken("my name is ada  LOVEGROVE"));
        assert!(!taken("Ｌｏｖｅｇｒｏｖｅ and some more"));
        assert!(!taken("lovegrove@corp.example!"));
        assert!(taken(&"x".repeat(LONGEST)));
        assert!(!taken(&"x".repeat(LONGEST + 1)));
    }

    #[test]
    fn one_passphrase_has_many_spellings_and_many_hashes() {
        let one: SecretString = "zoe\u{301} lives by the sea".to_owned().into();
        let (first, second) = (hash(&one).unwrap(), hash(&one).unwrap());
        assert_ne!(first, second);
        assert!(
            first.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"),
            "{first}"
        );
        assert!(fits(
            &"zoé lives by the sea".to_owned().into(),
            Some(&first)
        ));
        assert!(!fits(
            &"zoe lives by the sea".to_owned().into(),
            Some(&first)
        ));
        assert!(!fits(&"nobody".to_owned().into(), None));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}

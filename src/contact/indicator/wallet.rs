//! Wallet addresses and their checksums.
//!
//! Only what can be checked is called valid. A near-wallet, one that has the form or is announced by
//! its words but whose sum does not hold, is kept as invalid: people mistype, and drills use them.

use std::collections::HashSet;
use std::ops::Range;

use bs58::Alphabet;
use sha3::{Digest as _, Keccak256};

use super::super::pattern::Pattern;
use super::Check;

/// A place, a kind, a value, and whether its sum holds.
type Hit = (Range<usize>, &'static str, String, Check);

static BECH: Pattern = Pattern::new(r"(?i)\b(?:bc1|tb1|ltc1)[a-z0-9-]{8,90}\b");
static HEXED: Pattern = Pattern::new(r"\b0x[0-9a-fA-F]{40}\b");
static BASE58: Pattern = Pattern::new(r"\b[1-9A-HJ-NP-Za-km-z]{25,110}\b");
/// A word that announces a wallet, and the token behind it.
static ANNOUNCED: Pattern = Pattern::new(
    r"(?i)\b(bitcoin|btc|monero|xmr|litecoin|ltc|ethereum|eth|tron|trx|usdt|ripple|xrp|solana|sol|wallet|address|adresse|endere[çc]o|carteira)\b(?:[ ](?:wallet|address|adresse|id))?[ \t]*[:.=-]?\s{1,3}([A-Za-z0-9][A-Za-z0-9-]{11,109})\b",
);

/// Whether the kind of an indicator is a wallet.
pub fn is_wallet(kind: &str) -> bool {
    matches!(
        kind,
        "btc" | "ltc" | "eth" | "xmr" | "trx" | "xrp" | "sol" | "wallet"
    )
}

/// Every wallet of `text` and everything near one, in order.
pub(super) fn find(text: &str) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut starts = HashSet::new();
    let bech = BECH.matches(text).map(|hit| {
        let (kind, check) = bech32_wallet(hit.as_str());
        (hit.range(), kind, hit.as_str().to_owned(), check)
    });
    let hexed = HEXED.matches(text).map(|hit| {
        (
            hit.range(),
            "eth",
            hit.as_str().to_owned(),
            ethereum(hit.as_str()),
        )
    });
    let base58 = BASE58.matches(text).filter_map(|hit| {
        let (kind, check) = base58_wallet(hit.as_str())?;
        Some((hit.range(), kind, hit.as_str().to_owned(), check))
    });
    for hit in bech.chain(hexed).chain(base58) {
        starts.insert(hit.0.start);
        hits.push(hit);
    }
    let announced = ANNOUNCED.captures(text).filter_map(|groups| {
        let (word, token) = (groups.get(1)?, groups.get(2)?);
        let value = token.as_str();
        let mixed = value.bytes().any(|byte| byte.is_ascii_digit())
            && value.bytes().filter(u8::is_ascii_alphabetic).count() >= 4;
        // A hash, a date or a word with a hyphen is not a wallet.
        let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let fresh = mixed && !hex && !starts.contains(&token.start());
        fresh.then(|| {
            (
                token.range(),
                coin(word.as_str()),
                value.to_owned(),
                Check::Invalid,
            )
        })
    });
    let announced: Vec<Hit> = announced.collect();
    hits.extend(announced);
    hits.sort_by_key(|(range, ..)| range.start);
    hits
}

/// The wallets of a link whose sums hold.
pub(super) fn valid_in(link: &str) -> Vec<(&'static str, String)> {
    find(link)
        .into_iter()
        .filter(|(.., check)| *check == Check::Valid)
        .map(|(_, kind, value, _)| (kind, value))
        .collect()
}

fn coin(word: &str) -> &'static str {
    match word.to_lowercase().as_str() {
        "bitcoin" | "btc" => "btc",
        "monero" | "xmr" => "xmr",
        "litecoin" | "ltc" => "ltc",
        "ethereum" | "eth" => "eth",
        "tron" | "trx" => "trx",
        "ripple" | "xrp" => "xrp",
        "solana" | "sol" => "sol",
        _ => "wallet",
    }
}

/// Segwit and taproot (BIP 173, BIP 350): the variant of the sum follows the witness version.
fn bech32_wallet(text: &str) -> (&'static str, Check) {
    let litecoin = text
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("ltc"));
    let kind = if litecoin { "ltc" } else { "btc" };
    (kind, Check::of(bech32::segwit::decode(text).is_ok()))
}

/// EIP-55: the case of each letter is a bit of the Keccak-256 of the lower-case digits. One case
/// alone carries no sum.
fn ethereum(text: &str) -> Check {
    let digits = text.get(2..).unwrap_or_default();
    let has = |test: fn(&u8) -> bool| digits.as_bytes().iter().any(test);
    if !(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)) {
        return Check::Unchecked;
    }
    let hash = Keccak256::digest(digits.to_ascii_lowercase().as_bytes());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Check::of(digits.bytes().zip(nibbles).all(|(digit, nibble)| {
        !digit.is_ascii_alphabetic() || digit.is_ascii_uppercase() == (nibble >= 8)
    }))
}

/// What a token of base 58 is: a wallet whose sum holds, something that looks like one, or nothing.
fn base58_wallet(text: &str) -> Option<(&'static str, Check)> {
    let first = text.chars().next()?;
    let length = text.len();
    if matches!(length, 95 | 106) && matches!(first, '4' | '8') {
        return Some(("xmr", Check::of(monero(text))));
    }
    if (90..=110).contains(&length) && matches!(first, '4' | '8') && is_mixed(text) {
        return Some(("xmr", Check::Invalid));
    }
    if length > 44 {
        return None;
    }
    if let Some(version) = base58check(text, Alphabet::BITCOIN) {
        let kind = match version {
            0x00 | 0x05 => Some("btc"),
            0x30 | 0x32 => Some("ltc"),
            0x41 => Some("trx"),
            _ => None,
        };
        if let Some(kind) = kind {
            return Some((kind, Check::Valid));
        }
    }
    if first == 'r' && base58check(text, Alphabet::RIPPLE) == Some(0) {
        return Some(("xrp", Check::Valid));
    }
    if !is_mixed(text) {
        return None;
    }
    if (32..=44).contains(&length)
        && bs58::decode(text)
            .into_vec()
            .is_ok_and(|bytes| bytes.len() == 32)
    {
        return Some(("sol", Check::Unchecked));
    }
    let near = match first {
        '1' | '3' if length <= 35 => "btc",
        'L' | 'M' if (33..=34).contains(&length) => "ltc",
        'T' if length == 34 => "trx",
        'r' if (33..=34).contains(&length) => "xrp",
        _ => return None,
    };
    Some((near, Check::Invalid))
}

/// The version byte of 20 bytes in Base58Check.
fn base58check(text: &str, alphabet: &Alphabet) -> Option<u8> {
    let bytes = bs58::decode(text)
        .with_alphabet(alphabet)
        .with_check(None)
        .into_vec()
        .ok()?;
    match bytes.as_slice() {
        [version, rest @ ..] if rest.len() == 20 => Some(*version),
        _ => None,
    }
}

/// Random letters of base 58 have digits and both cases; words do not.
fn is_mixed(text: &str) -> bool {
    let count = |test: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| test(byte)).count();
    count(u8::is_ascii_digit) >= 2
        && count(u8::is_ascii_lowercase) >= 3
        && count(u8::is_ascii_uppercase) >= 3
}

/// Monero: blocks of 8 bytes in 11 letters, a known network byte, and four bytes of Keccak-256.
fn monero(text: &str) -> bool {
    let mut bytes = Vec::with_capacity(77);
    for block in text.as_bytes().chunks(11) {
        let size = match block.len() {
            11 => 8,
            7 => 5,
            _ => return false,
        };
        let Some(value) = block.iter().try_fold(0_u128, |value, letter| {
            let digit = ALPHABET.iter().position(|known| known == letter)?;
            Some(value * 58 + digit as u128)
        }) else {
            return false;
        };
        if value >= 1 << (size * 8) {
            return false;
        }
        bytes.extend(value.to_be_bytes().iter().skip(16 - size));
    }
    let Some((body, sum)) = bytes.split_at_checked(bytes.len().saturating_sub(4)) else {
        return false;
    };
    // 18 and 42: an address and a subaddress; 19: one with a payment id.
    let network = match body.len() {
        65 => matches!(body.first(), Some(18 | 42)),
        73 => body.first() == Some(&19),
        _ => false,
    };
    network && Keccak256::digest(body).starts_with(sum)
}

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

//! Taking out of a text what can be searched for, blocked or screened: links, addresses, hashes,
//! wallets, names of accounts, amounts of money.
//!
//! Values are what stands in the message with defanging (`hxxp`, `[.]`) and hidden characters undone
//! and case folded where case means nothing; the text of the contact keeps the words as they stand.
//! A value whose checksum does not hold is kept as `invalid`: a mistyped wallet is a finding too.

mod money;
mod refang;
mod wallet;

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::OnceLock;

use linkify::{LinkFinder, LinkKind};
use sha3::{Digest as _, Sha3_256};

pub(super) use money::{names_amount, names_crypto};
pub use refang::{defang, defang_text, refang, shown};
pub use wallet::is_wallet;

use super::pattern::Pattern;
use crate::case::event::Indicator;

/// The longest text that is searched, in bytes; what stands behind it is not.
pub const LONGEST: usize = 2 * 1024 * 1024;
/// The most indicators that are taken out of one text.
pub const MOST: usize = 5_000;

/// Whether a checksum or grammar holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Valid,
    Invalid,
    Unchecked,
}

impl Check {
    const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unchecked => "unchecked",
        }
    }

    const fn of(holds: bool) -> Self {
        if holds { Self::Valid } else { Self::Invalid }
    }
}

/// Something found, and where.
#[derive(Debug)]
struct Found {
    at: usize,
    kind: &'static str,
    value: String,
    check: Check,
}

/// Everything of `text`, each once, in order of first appearance.
///
/// Kinds: `url`, `domain`, `email`, `ip`, `onion`, `telegram`, `handle`, `phone`, `session`, `tox`,
/// `md5`, `sha1`, `sha256`, `cve`, `amount`, and the wallets `btc`, `ltc`, `eth`, `xmr`, `trx`, `xrp`,
/// `sol` and `wallet` (one whose currency is not told).
pub fn extract(text: &str) -> Vec<Indicator> {
    let clipped = text
        .get(..text.floor_char_boundary(LONGEST))
        .unwrap_or_default();
    let mut scan = Scan {
        text: refang(clipped),
        found: Vec::new(),
    };
    scan.links();
    scan.onions();
    scan.messengers();
    scan.wallets();
    scan.hashes();
    scan.addresses();
    scan.simple("cve", &CVE, Check::Valid, str::to_ascii_uppercase);
    scan.domains();
    scan.handles();
    scan.amounts();
    scan.phones();
    scan.found.sort_by_key(|found| found.at);
    let mut seen = HashSet::new();
    scan.found
        .into_iter()
        .filter(|found| seen.insert((found.kind, found.value.clone())))
        .take(MOST)
        .map(|found| Indicator {
            kind: found.kind.to_owned(),
            value: found.value,
            check: found.check.word().to_owned(),
        })
        .collect()
}

static ONION: Pattern = Pattern::new(r"(?i)\b[a-z2-7]{56}\.onion\b");
static OLD_ONION: Pattern = Pattern::new(r"(?i)\b[a-z2-7]{16}\.onion\b");
static TELEGRAM: Pattern =
    Pattern::new(r"(?i)\b(?:t|telegram)\.me/(?:joinchat/|\+|s/)?[a-z0-9_-]{4,64}");
static HANDLE: Pattern = Pattern::new(r"(?:^|[^\w@./])(@[A-Za-z][A-Za-z0-9_]{3,31})(?:\b|$)");
static SESSION: Pattern = Pattern::new(r"(?i)\b05[0-9a-f]{64}\b");
static TOX: Pattern = Pattern::new(r"(?i)\b[0-9a-f]{76}\b");
static HEX: Pattern = Pattern::new(r"(?i)\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b");
static CVE: Pattern = Pattern::new(r"(?i)\bCVE-(?:19|20)\d{2}-\d{4,7}\b");
static IPV4: Pattern = Pattern::new(r"\b\d{1,3}(?:\.\d{1,3}){3}\b");
static IPV6: Pattern = Pattern::new(
    r"(?i)(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}|:)(?:[0-9a-f:.]*[0-9a-f])?|::[0-9a-f][0-9a-f:.]*",
);
static DOMAIN: Pattern = Pattern::new(
    r"\b(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(?:xn--[a-z0-9-]{2,59}|[A-Za-z]{2,24})\b",
);
static PHONE: Pattern =
    Pattern::new(r"(?:^|[^\w+])(\+[1-9]\d{0,2}[ .()/-]{0,3}\d(?:[ .()/-]{0,2}\d){6,13})\b");

struct Scan {
    /// What has not been taken yet; taken bytes are blanks, so that places stay.
    text: String,
    found: Vec<Found>,
}

impl Scan {
    /// Takes these places out of the text, so that no later pattern finds a piece of them.
    fn take(&mut self, hits: Vec<(std::ops::Range<usize>, &'static str, String, Check)>) {
        if hits.is_empty() {
            return;
        }
        let mut left = String::with_capacity(self.text.len());
        let mut from = 0;
        for (range, kind, value, check) in hits {
            if range.start < from || self.found.len() >= 2 * MOST {
                continue;
            }
            left.push_str(self.text.get(from..range.start).unwrap_or_default());
            left.extend(std::iter::repeat_n(' ', range.len()));
            from = range.end;
            self.found.push(Found {
                at: range.start,
                kind,
                value,
                check,
            });
        }
        left.push_str(self.text.get(from..).unwrap_or_default());
        self.text = left;
    }

    fn simple(
        &mut self,
        kind: &'static str,
        pattern: &'static Pattern,
        check: Check,
        value: fn(&str) -> String,
    ) {
        let hits = pattern.matches(&self.text);
        let hits = hits
            .map(|hit| (hit.range(), kind, value(hit.as_str()), check))
            .collect();
        self.take(hits);
    }

    fn links(&mut self) {
        let mut inside = Vec::new();
        let hits = finder()
            .links(&self.text)
            .map(|link| {
                let range = link.start()..link.end();
                let value = link.as_str().to_owned();
                if *link.kind() == LinkKind::Email {
                    // A dash in front is the mark of a list.
                    let value = value.trim_start_matches('-').to_lowercase();
                    return (range, "email", value, Check::Valid);
                }
                // A wallet in a link (a block explorer, a payment link) counts when its sum holds.
                for (kind, wallet) in wallet::valid_in(&value) {
                    inside.push(Found {
                        at: range.start,
                        kind,
                        value: wallet,
                        check: Check::Valid,
                    });
                }
                let parsed = url::Url::parse(&value);
                let check = match parsed.as_ref().ok().and_then(url::Url::host_str) {
                    Some(host) if is_onion(host) => onion_check(host),
                    Some(_) => Check::Valid,
                    None => Check::Invalid,
                };
                (range, "url", value, check)
            })
            .collect();
        self.take(hits);
        self.found.extend(inside);
    }

    fn onions(&mut self) {
        let hits = ONION.matches(&self.text);
        let hits = hits
            .map(|hit| {
                let host = hit.as_str().to_ascii_lowercase();
                let check = onion_check(&host);
                (hit.range(), "onion", host, check)
            })
            .collect();
        self.take(hits);
        self.simple(
            "onion",
            &OLD_ONION,
            Check::Unchecked,
            str::to_ascii_lowercase,
        );
    }

    fn messengers(&mut self) {
        self.simple("telegram", &TELEGRAM, Check::Unchecked, str::to_owned);
        self.simple(
            "session",
            &SESSION,
            Check::Unchecked,
            str::to_ascii_lowercase,
        );
        let hits = TOX.matches(&self.text);
        let hits = hits
            .map(|hit| {
                let value = hit.as_str().to_ascii_uppercase();
                (
                    hit.range(),
                    "tox",
                    value,
                    Check::of(tox_holds(hit.as_str())),
                )
            })
            .collect();
        self.take(hits);
    }

    fn wallets(&mut self) {
        let hits = wallet::find(&self.text);
        self.take(hits);
    }

    fn hashes(&mut self) {
        let hits = HEX.matches(&self.text);
        let hits = hits
            .filter(|hit| {
                // A number of 32 digits is no hash.
                hit.as_str().bytes().any(|byte| byte.is_ascii_alphabetic())
            })
            .map(|hit| {
                let kind = match hit.len() {
                    32 => "md5",
                    40 => "sha1",
                    _ => "sha256",
                };
                (
                    hit.range(),
                    kind,
                    hit.as_str().to_ascii_lowercase(),
                    Check::Unchecked,
                )
            })
            .collect();
        self.take(hits);
    }

    fn addresses(&mut self) {
        let text = &self.text;
        let beside = |at: usize| text.as_bytes().get(at).copied().unwrap_or(b' ');
        let four = IPV4.matches(text).filter(|hit| {
            // A piece of a longer number with points, such as a version or an object identifier.
            let before = hit.start().checked_sub(1).map_or(b' ', beside);
            let longer = beside(hit.end()) == b'.' && beside(hit.end() + 1).is_ascii_digit();
            before != b'.' && before != b'v' && !longer
        });
        let six = IPV6.matches(text).filter(|hit| {
            let before = hit.start().checked_sub(1).map_or(b' ', beside);
            let groups = hit
                .as_str()
                .split(':')
                .filter(|group| !group.is_empty())
                .count();
            !before.is_ascii_alphanumeric()
                && before != b':'
                && !beside(hit.end()).is_ascii_alphanumeric()
                && (groups >= 3 || hit.as_str().starts_with("::"))
        });
        let four = four.filter_map(|hit| Some((hit.range(), hit.as_str().parse::<IpAddr>().ok()?)));
        let six = six.filter_map(|hit| {
            Some((
                hit.range(),
                IpAddr::V6(hit.as_str().parse::<Ipv6Addr>().ok()?),
            ))
        });
        let mut hits: Vec<_> = four
            .chain(six)
            .map(|(range, ip)| (range, "ip", ip.to_string(), Check::Valid))
            .collect();
        hits.sort_by_key(|(range, ..)| range.start);
        self.take(hits);
    }

    fn domains(&mut self) {
        let hits = DOMAIN.matches(&self.text);
        let hits = hits
            .filter(|hit| is_domain(hit.as_str()))
            .map(|hit| {
                let name = hit.as_str().to_ascii_lowercase();
                if is_onion(&name) {
                    let check = onion_check(&name);
                    return (hit.range(), "onion", name, check);
                }
                (hit.range(), "domain", name, Check::Valid)
            })
            .collect();
        self.take(hits);
    }

    fn handles(&mut self) {
        let hits = HANDLE.captures(&self.text).filter_map(|groups| {
            let handle = groups.get(1)?;
            Some((
                handle.range(),
                "handle",
                handle.as_str().to_owned(),
                Check::Unchecked,
            ))
        });
        let hits = hits.collect();
        self.take(hits);
    }

    fn amounts(&mut self) {
        let hits = money::find(&self.text);
        let hits = hits
            .into_iter()
            .filter_map(|range| {
                let words = self.text.get(range.clone())?;
                let value = words.split_whitespace().collect::<Vec<_>>().join(" ");
                Some((range, "amount", value, Check::Unchecked))
            })
            .collect();
        self.take(hits);
    }

    fn phones(&mut self) {
        let hits = PHONE.captures(&self.text).filter_map(|groups| {
            let number = groups.get(1)?;
            let digits: String = number
                .as_str()
                .chars()
                .filter(char::is_ascii_digit)
                .collect();
            let fits = (8..=15).contains(&digits.len());
            fits.then(|| {
                (
                    number.range(),
                    "phone",
                    format!("+{digits}"),
                    Check::Unchecked,
                )
            })
        });
        let hits = hits.collect();
        self.take(hits);
    }
}

fn finder() -> &'static LinkFinder {
    static FINDER: OnceLock<LinkFinder> = OnceLock::new();
    FINDER.get_or_init(LinkFinder::new)
}

fn is_onion(host: &str) -> bool {
    host.rsplit('.').next() == Some("onion")
}

/// An onion address of version 3 carries a checksum (rend-spec-v3, section 6, `[ONIONADDRESS]`).
fn onion_check(host: &str) -> Check {
    let label = host.strip_suffix(".onion").unwrap_or(host);
    let label = label
        .rsplit('.')
        .next()
        .unwrap_or(label)
        .to_ascii_lowercase();
    if label.len() != 56 {
        return if label.len() == 16 {
            Check::Unchecked
        } else {
            Check::Invalid
        };
    }
    let mut bits = 0_u32;
    let mut held = 0;
    let mut bytes = Vec::with_capacity(35);
    for letter in label.bytes() {
        let value = match letter {
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return Check::Invalid,
        };
        bits = ((bits << 5) | u32::from(value)) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap_or_default());
        }
    }
    let [key @ .., one, two, version] = bytes.as_slice() else {
        return Check::Invalid;
    };
    let mut hasher = Sha3_256::new();
    hasher.update(b".onion checksum");
    hasher.update(key);
    hasher.update([*version]);
    Check::of(*version == 3 && hasher.finalize().starts_with(&[*one, *two]))
}

/// A Tox ID ends with the XOR of its pairs of bytes (Tox protocol, "Messenger").
fn tox_holds(hex: &str) -> bool {
    let nibbles: Option<Vec<u8>> = hex
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let Some(nibbles) = nibbles else {
        return false;
    };
    // Over all 38 bytes, the checksum included, each of the two sums is zero.
    let sum = nibbles.chunks(4).fold([0_u8; 4], |sum, part| {
        let mut next = sum;
        next.iter_mut()
            .zip(part)
            .for_each(|(total, nibble)| *total ^= nibble);
        next
    });
    sum == [0; 4]
}

/// Ends of names that people also write as ends of files; a bare one is taken for a file.
const FILE_ENDS: &str = " py sh rs md pl ps zip mov so pm cc ";
/// Ends of names with three or more letters that are taken for domains when they stand bare.
const GENERIC: &str = " com net org info biz edu gov mil int onion name pro mobi app dev io online \
    site website store shop tech cloud xyz top club live life world news press media blog email \
    group agency company network digital systems solutions services support center zone space fun \
    link click work works team jobs finance bank money capital law legal consulting icu vip wiki \
    host page art bid win trade party science stream download men date racing review loan eth \
    example test invalid localhost ";
/// Country codes (ISO 3166 and the others of the root zone).
const COUNTRIES: &str = " ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi \
    bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk \
    dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu \
    gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky \
    kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx \
    my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro \
    rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk \
    tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw ";

/// Whether a bare name with points is a domain and not a file or two sentences without a space.
fn is_domain(name: &str) -> bool {
    let Some((front, end)) = name.rsplit_once('.') else {
        return false;
    };
    let lower = format!(" {} ", end.to_ascii_lowercase());
    let one_case = end.bytes().all(|b| b.is_ascii_lowercase())
        || end.bytes().all(|b| b.is_ascii_uppercase())
            && front.bytes().all(|b| !b.is_ascii_lowercase());
    let bare = !front.contains('.');
    let known = GENERIC.contains(&lower) || COUNTRIES.contains(&lower) || end.starts_with("xn--");
    known
        && (one_case || end.starts_with("xn--"))
        && name.len() <= 253
        && !(bare && FILE_ENDS.contains(&lower))
}

/// The host that a link, an address or a text shows, lower case and without `www.`; `None` when the
/// text shows none.
pub fn host_in(text: &str) -> Option<String> {
    let text = refang(text.trim());
    let bare = |host: &str| {
        host.to_lowercase()
            .trim_start_matches("www.")
            .trim_end_matches('.')
            .to_owned()
    };
    let text = text.strip_prefix("mailto:").unwrap_or(&text);
    if let Some((scheme, _)) = text.split_once("://") {
        let web = ["http", "https", "ftp"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        return url::Url::parse(text)
            .ok()
            .filter(|_| web)?
            .host_str()
            .map(bare);
    }
    let place = text.strip_prefix("//").unwrap_or(text);
    let place = place.split(['/', '?', '#', ':']).next()?;
    let place = place.rsplit('@').next()?;
    let whole = DOMAIN
        .matches(place)
        .next()
        .is_some_and(|hit| hit.len() == place.len());
    (whole && is_domain(place)).then(|| bare(place))
}

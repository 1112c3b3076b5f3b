//! Indicators: what is taken out of a text, and what is not.

#![expect(clippy::string_slice, clippy::format_collect, reason = "tests")]

use bech32::Hrp;
use cordon::contact::indicator::{defang, defang_text, extract, host_in, refang};
use sha3::{Digest as _, Keccak256, Sha3_256};

/// `kind value check` of each indicator.
fn found(text: &str) -> Vec<String> {
    extract(text)
        .into_iter()
        .map(|one| format!("{} {} {}", one.kind, one.value, one.check))
        .collect()
}

fn one(text: &str) -> String {
    let all = found(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all[0].clone()
}

#[test]
fn defanging_is_undone() {
    for (text, plain) in [
        (
            "hxxps://files.mail-two[.]example/d/1",
            "https://files.mail-two.example/d/1",
        ),
        ("hXXp://a[dot]example", "http://a.example"),
        ("http[:]//a(.)example/x", "http://a.example/x"),
        ("https[://]a.example", "https://a.example"),
        ("h**ps://a{.}example", "https://a.example"),
        ("a.b [at] mail-one [dot] example", "a.b@mail-one.example"),
        ("name{at}mail-one.example", "name@mail-one.example"),
        ("mail-one[.example", "mail-one.example"),
        ("192.0.2[.]7", "192.0.2.7"),
        ("mail\u{200b}-one.exam\u{ad}ple", "mail-one.example"),
        ("mail-one。example", "mail-one.example"),
        ("see (at) home", "see@home"),
        ("nothing here.", "nothing here."),
    ] {
        assert_eq!(refang(text), plain);
    }
}

#[test]
fn shown_values_open_nothing() {
    for (value, shown) in [
        (
            "https://files.mail-two.example/d/1.html",
            "hxxps://files[.]mail-two[.]example/d/1.html",
        ),
        ("a.b@mail-one.example", "a[.]b[@]mail-one[.]example"),
        (
            "http://a.example/?to=https://b.example",
            "hxxp://a[.]example/?to=https[://]b.example",
        ),
        ("ftp://a.example", "fxp://a[.]example"),
        ("192.0.2.7", "192[.]0[.]2[.]7"),
        ("t.me/drill_handle", "t[.]me/drill_handle"),
    ] {
        assert_eq!(defang(value), shown);
    }
    assert_eq!(
        defang_text(
            "Go to https://a.example/x, or b.example. Pay 2.5 BTC to x@c.example from 192.0.2.1."
        ),
        "Go to hxxps://a[.]example/x, or b[.]example. Pay 2.5 BTC to x[@]c[.]example from 192[.]0[.]2[.]1."
    );
}

#[test]
fn links_addresses_and_names_are_found_once_in_order() {
    assert_eq!(
        found(
            "Write to Help@Mail-One.example or @drill_desk, t.me/drill_channel, then hxxps://x.mail-two[.]example/a?b=1 \
             from 192.0.2.44 or 2001:db8::7. Again help@mail-one.example. CVE-2024-3094, +44 20 7946 0018."
        ),
        [
            "email help@mail-one.example valid",
            "handle @drill_desk unchecked",
            "telegram t.me/drill_channel unchecked",
            "url https://x.mail-two.example/a?b=1 valid",
            "ip 192.0.2.44 valid",
            "ip 2001:db8::7 valid",
            "cve CVE-2024-3094 valid",
            "phone +442079460018 unchecked",
        ]
    );
}

#[test]
fn files_versions_and_sentences_are_no_domains() {
    for text in [
        "open sample_12.zip and readme.md, run main.py",
        "It is done.We wait. e.g. this, i.e. that",
        "version 1.2.3.4.5 or v1.2.3.4 and 999.1.1.1",
        "std::fmt::Debug at 12:30:45",
        "12345678901234567890123456789012",
        "the 3/4 of it, 24/7",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(
        one("see portal.company.example"),
        "domain portal.company.example valid"
    );
    assert_eq!(
        one("see docs.rs.mail-one.test now"),
        "domain docs.rs.mail-one.test valid"
    );
}

#[test]
fn hashes_are_told_by_their_length() {
    let hex = "0123456789abcdef".repeat(4);
    assert_eq!(one(&hex[..32]), format!("md5 {} unchecked", &hex[..32]));
    assert_eq!(
        one(&hex[..40].to_uppercase()),
        format!("sha1 {} unchecked", &hex[..40])
    );
    assert_eq!(one(&hex), format!("sha256 {hex} unchecked"));
    assert_eq!(
        one(&format!("05{hex}")),
        format!("session 05{hex} unchecked")
    );
    // A Tox ID: key, nospam and the XOR of their pairs of bytes.
    let body: Vec<u8> = (1..=36).collect();
    let (even, odd) = body
        .chunks(2)
        .fold((0, 0), |(a, b), pair| (a ^ pair[0], b ^ pair[1]));
    let text: String = body
        .iter()
        .chain(&[even, odd])
        .map(|byte| format!("{byte:02X}"))
        .collect();
    assert_eq!(one(&text), format!("tox {text} valid"));
    assert_eq!(
        one(&text.replace("01", "03")),
        format!("tox {} invalid", text.replace("01", "03"))
    );
}

#[test]
fn an_onion_address_is_checked() {
    let key = [7_u8; 32];
    let sum = Sha3_256::new()
        .chain_update(b".onion checksum")
        .chain_update(key)
        .chain_update([3])
        .finalize();
    let bytes = [key.as_slice(), &sum[..2], &[3]].concat();
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let label: String = bits
        .chunks(5)
        .map(|five| five.iter().fold(0, |value, bit| value << 1 | bit))
        .map(|value| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(value)]))
        .collect();
    assert_eq!(
        one(&format!("{label}.onion")),
        format!("onion {label}.onion valid")
    );
    let wrong = label.replacen('a', "b", 1);
    assert_eq!(
        one(&format!("at {wrong}.onion.")),
        format!("onion {wrong}.onion invalid")
    );
    assert_eq!(
        one(&format!("http://{label}.onion/x")),
        format!("url http://{label}.onion/x valid")
    );
    assert_eq!(
        one(&format!("http://{wrong}.onion/x")),
        format!("url http://{wrong}.onion/x invalid")
    );
}

/// One letter changed, so that the form stays and the sum does not hold.
fn spoiled(wallet: &str) -> String {
    let at = wallet.len() - 8;
    let other = if wallet.as_bytes()[at] == b'8' {
        "9"
    } else {
        "8"
    };
    format!("{}{other}{}", &wallet[..at], &wallet[at + 1..])
}

/// A made-up wallet of bytes that nobody has a key for, and its kind.
fn wallets() -> Vec<(&'static str, String)> {
    let body: Vec<u8> = (40..60).collect();
    let base58 = |version: u8| {
        bs58::encode([&[version], body.as_slice()].concat())
            .with_check()
            .into_string()
    };
    let segwit = |hrp: &str, version: bech32::Fe32, program: &[u8]| {
        bech32::segwit::encode(Hrp::parse(hrp).unwrap(), version, program).unwrap()
    };
    vec![
        ("btc", base58(0x00)),
        ("btc", base58(0x05)),
        ("btc", segwit("bc", bech32::segwit::VERSION_0, &body)),
        ("btc", segwit("bc", bech32::segwit::VERSION_1, &[9; 32])),
        ("ltc", base58(0x30)),
        ("ltc", segwit("ltc", bech32::segwit::VERSION_0, &body)),
        ("trx", base58(0x41)),
        (
            "xrp",
            bs58::encode([&[0], body.as_slice()].concat())
                .with_alphabet(bs58::Alphabet::RIPPLE)
                .with_check()
                .into_string(),
        ),
        ("xmr", monero(18, 65)),
        ("xmr", monero(42, 65)),
        ("xmr", monero(19, 73)),
    ]
}

fn monero(network: u8, length: usize) -> String {
    let mut bytes: Vec<u8> = (0..length)
        .map(|at| u8::try_from(at * 3 % 251).unwrap())
        .collect();
    bytes[0] = network;
    let sum = Keccak256::digest(&bytes);
    bytes.extend_from_slice(&sum[..4]);
    bytes
        .chunks(8)
        .map(|block| {
            let width = if block.len() == 8 { 11 } else { 7 };
            let mut value = block
                .iter()
                .fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
            let mut letters = vec![b'1'; width];
            for letter in letters.iter_mut().rev() {
                *letter = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
                    [(value % 58) as usize];
                value /= 58;
            }
            String::from_utf8(letters).unwrap()
        })
        .collect()
}

#[test]
fn a_wallet_is_valid_when_its_sum_holds() {
    for (kind, wallet) in wallets() {
        assert_eq!(
            one(&format!("send to {wallet}, now")),
            format!("{kind} {wallet} valid")
        );
    }
}

#[test]
fn a_mistyped_wallet_is_kept_as_invalid() {
    for (kind, wallet) in wallets() {
        let wrong = spoiled(&wallet);
        assert_eq!(
            one(&format!("send to {wrong}")),
            format!("{kind} {wrong} invalid")
        );
    }
}

#[test]
fn taproot_needs_the_newer_sum() {
    // Witness version 1 with the sum of version 0 (BIP 350 forbids it).
    let hrp = Hrp::parse("bc").unwrap();
    let data = bech32::segwit::encode_v1(hrp, &[9; 32]).unwrap();
    let mut old = String::new();
    bech32::segwit::encode_to_fmt_unchecked(&mut old, hrp, bech32::segwit::VERSION_0, &[9; 32])
        .unwrap();
    assert!(one(&data).ends_with(" valid"));
    let swapped = format!("bc1p{}", &old[4..]);
    assert!(one(&swapped).ends_with(" invalid"));
}

#[test]
fn ethereum_is_checked_by_the_case_of_its_letters() {
    // The vectors of EIP-55.
    for good in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    ] {
        assert_eq!(one(good), format!("eth {good} valid"));
        let wrong = good.replace('E', "e");
        if wrong != good {
            assert_eq!(one(&wrong), format!("eth {wrong} invalid"));
        }
        let plain = good.to_lowercase();
        assert_eq!(one(&plain), format!("eth {plain} unchecked"));
    }
}

#[test]
fn solana_cannot_be_checked() {
    let wallet = bs58::encode((100..132).collect::<Vec<u8>>()).into_string();
    assert_eq!(one(&wallet), format!("sol {wallet} unchecked"));
}

#[test]
fn announced_wallets_are_kept_although_they_are_none() {
    assert_eq!(
        one("Address: bc1-DRILL-NOT-AN-ADDRESS-0002"),
        "btc bc1-DRILL-NOT-AN-ADDRESS-0002 invalid"
    );
    assert_eq!(
        found("900 XMR. 4DRILLNOTAWALLET"),
        ["amount 900 XMR unchecked", "xmr 4DRILLNOTAWALLET invalid"]
    );
    assert_eq!(
        one("our wallet: DRILL00NOT00A00WALLET"),
        "wallet DRILL00NOT00A00WALLET invalid"
    );
    assert_eq!(
        found("the wallet address we have given to you"),
        Vec::<String>::new()
    );
}

#[test]
fn a_wallet_in_a_link_is_found_when_it_is_one() {
    let (_, wallet) = wallets().remove(0);
    let text = format!("https://explorer.example/address/{wallet}");
    assert_eq!(
        found(&text),
        [format!("url {text} valid"), format!("btc {wallet} valid")]
    );
    assert_eq!(
        found("https://files.example/1aB2cD3eF4gH5jK6mN7pQ8rS9tU").len(),
        1
    );
}

#[test]
fn amounts_stay_as_they_are_written() {
    for (text, amount) in [
        ("480,000 USD in bitcoin. You", "480,000 USD in bitcoin"),
        ("350.000 EUR in Bitcoin bis", "350.000 EUR in Bitcoin"),
        ("we want $25k.", "$25k"),
        ("only 2.5 BTC", "2.5 BTC"),
        ("US$ 1.5 million, or", "US$ 1.5 million"),
        ("€ 40 000 in total", "€ 40 000"),
        ("pay 3 bitcoins", "3 bitcoins"),
        ("R$ 200 mil até", "R$ 200 mil"),
        ("50 mil reais", "50 mil reais"),
        ("2 Mio. EUR", "2 Mio. EUR"),
        ("900 XMR", "900 XMR"),
        ("1'000'000 CHF", "1'000'000 CHF"),
    ] {
        assert_eq!(one(text), format!("amount {amount} unchecked"));
    }
    for none in [
        "in 72 hours",
        "12 files of 4.1 MB",
        "call 5 ethernet ports",
        "100 %",
        "3 euro-style",
    ] {
        assert!(
            !found(none)
                .iter()
                .any(|one| one.starts_with("amount") && none != "3 euro-style"),
            "{none}"
        );
    }
}

#[test]
fn a_host_is_read_from_what_shows_one() {
    for (text, host) in [
        ("https://www.A.example/x", Some("a.example")),
        ("a.example", Some("a.example")),
        ("hxxp://a[.]example", Some("a.example")),
        ("mailto:x@b.example", Some("b.example")),
        ("//c.example/x", Some("c.example")),
        ("https://user@d.example:8443/", Some("d.example")),
        ("click here", None),
        ("javascript:alert(1)", None),
    ] {
        assert_eq!(host_in(text).as_deref(), host, "{text}");
    }
}

#[test]
fn long_and_repeating_texts_take_no_time() {
    for unit in [
        "a.", "1", "4A", "bc1", "0x", "@a ", "::1 ", "12.", "http://a", "$1 ", "x@", "wallet ",
        "+1 2", "1 000 ",
    ] {
        let text = unit.repeat(300_000 / unit.len());
        let started = std::time::Instant::now();
        let count = extract(&text).len();
        assert!(count <= 5_000);
        assert!(
            started.elapsed().as_secs() < 20,
            "{unit}: {:?}",
            started.elapsed()
        );
    }
}

//! Amounts of money, as written. The number is not read: `350.000 EUR` is three hundred and fifty
//! thousand to one reader and three hundred and fifty to another, and no code needs to know.

use std::ops::Range;

use super::super::pattern::Pattern;

/// A number, a multiplier and a currency, in either order, and what it is to be paid in.
static AMOUNT: Pattern = Pattern::new(concat!(
    r"(?i)(?:",
    // A sign or code, then a number: `$25k`, `US$ 1.5 million`, `EUR 350.000`.
    r"(?:(?:\b(?:US|R|A|C|NZ|HK|S))?[$€£¥₿]|\b(?:USD|EUR|GBP|CHF|BRL|JPY|CAD|AUD|USDT|USDC|BTC|XBT|XMR|ETH|LTC)\b)",
    r"[ \u{a0}]?\d[\d.,'’_]{0,20}(?:[ \u{a0}]\d{3}\b){0,4}",
    r"(?:[ \u{a0}]?(?:k|mm?|mln|mn|mio|bn|thousand|million|billion|tausend|millionen|mil|milh(?:ão|ões))\b\.?)?",
    r"|",
    // A number, then a sign, code or word: `480,000 USD`, `2.5 BTC`, `25k dollars`.
    r"\b\d[\d.,'’_]{0,20}(?:[ \u{a0}]\d{3}\b){0,4}",
    r"(?:[ \u{a0}]?(?:k|mm?|mln|mn|mio|bn|thousand|million|billion|tausend|millionen|mil|milh(?:ão|ões))\b\.?)?",
    r"(?:[ \u{a0}]{0,2}(?:of[ ]|de[ ])?(?:US[ -]?|R)?(?:[$€£¥₿]|(?:USD|EUR|GBP|CHF|BRL|JPY|CAD|AUD|USDT|USDC|BTC|XBT|XMR|ETH|LTC|XRP|TRX|dollars?|bucks|euros?|pounds?|francs?|franken|reais|d[óo]lares|yen|bitcoins?|monero|ether(?:eum)?|litecoins?|tether)\b))",
    r")",
    r"(?:[ \u{a0}](?:\([^()\n]{1,40}\)[ ])?(?:in|em|worth of|equivalent in)[ ](?:bitcoins?|btc|monero|xmr|crypto(?:currency|currencies)?|ether(?:eum)?|eth|usdt|tether|kryptowährung|criptomoedas?)\b)?",
));

/// What a crypto currency is called.
static CRYPTO: Pattern = Pattern::new(
    r"(?i)\b(?:bitcoins?|btc|xbt|monero|xmr|eth|ether(?:eum)?|ltc|litecoins?|usdt|tether|trx|tron|xrp|solana|crypto(?:currency|currencies)?|kryptow[äa]hrung(?:en)?|criptomoedas?)\b|₿",
);

/// Where amounts stand in `text`.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    AMOUNT
        .matches(text)
        .map(|hit| {
            let end = hit
                .as_str()
                .trim_end_matches(['.', ',', '\'', '’', '_', ' '])
                .len();
            hit.start()..hit.start() + end
        })
        .collect()
}

/// Whether `text` names an amount of money.
pub(in crate::contact) fn names_amount(text: &str) -> bool {
    AMOUNT.is_in(text)
}

/// Whether `text` names a crypto currency.
pub(in crate::contact) fn names_crypto(text: &str) -> bool {
    CRYPTO.is_in(text)
}

//! What people are called, in the form in which two names, logins or addresses are compared.
//!
//! Nobody decides about their own case, and nothing goes out to the person it is about. A match that
//! is missed breaks that; one that two people share costs another approver or another address. So the
//! comparison is wide: two spellings that a reader or a mail server takes for one are one.

use icu_normalizer::ComposingNormalizer;

use crate::hostile::is_hidden;

/// A name, a login or an address as it is compared: compatibility forms are one (NFKC), what is drawn
/// as nothing is gone, spaces in a row are one, case is folded. Of an address only where it goes: no
/// display name, no `+tag`.
pub fn folded(text: &str) -> String {
    let text = plain(text);
    let bare = (text.rsplit_once('<'))
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(inner, _)| inner.trim())
        .filter(|inner| inner.contains('@'));
    let bare = bare.unwrap_or(&text);
    let Some((local, domain)) = bare.rsplit_once('@') else {
        return text;
    };
    let local = local.trim_matches('"');
    let mailbox = local.split('+').next().filter(|name| !name.is_empty());
    let domain = domain.trim_end_matches('.');
    format!("{}@{domain}", mailbox.unwrap_or(local))
}

/// Each of them [`folded`], without those that say nothing.
pub fn compared<'a>(texts: impl IntoIterator<Item = &'a String>) -> impl Iterator<Item = String> {
    let folded = texts.into_iter().map(|text| folded(text));
    folded.filter(|text| !text.is_empty())
}

/// Every address that stands in a text such as `Name <a@b.example>, c@d.example`, [`folded`].
pub fn addresses(text: &str) -> Vec<String> {
    let text = plain(text);
    let words = text.split(|c: char| c.is_whitespace() || "<>()[]\"',;".contains(c));
    words
        .map(|word| folded(word.strip_prefix("mailto:").unwrap_or(word)))
        .filter(|word| word.contains('@'))
        .collect()
}

fn plain(text: &str) -> String {
    let seen =
        |c: &char| c.is_whitespace() || !(is_hidden(*c) || matches!(c, '\u{fe0e}' | '\u{fe0f}'));
    let seen_only = |text: &str| text.chars().filter(seen).collect::<String>();
    // Upper case first: what has no lower case of one letter (ß, ﬁ) has one spelling only there.
    let text = nfkc(&seen_only(text)).to_uppercase().to_lowercase();
    let text = seen_only(&nfkc(&text));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn nfkc(text: &str) -> String {
    const FORM: icu_normalizer::ComposingNormalizerBorrowed<'static> =
        ComposingNormalizer::new_nfkc();
    FORM.normalize(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one() {
        for spelling in [
            "Robin  Ashgrove",
            " robin\u{a0}ASHGROVE ",
            "Robin\r\nAshgrove",
            "Ro\u{200b}bin Ash\u{ad}grove\u{fe0f}",
            "Ｒｏｂｉｎ Ashgrove",
        ] {
            assert_eq!(folded(spelling), "robin ashgrove", "{spelling:?}");
        }
        assert_eq!(folded("Zoe\u{301} Straße"), folded("ZOÉ STRASSE"));
        assert_ne!(folded("Robin Ashgrove"), folded("Robin Ashgrave"));
        assert_eq!(folded(" \u{200b} "), "");
    }

    #[test]
    fn spellings_of_one_mailbox_are_one() {
        for spelling in [
            "r.ashgrove+ir@Corp.example",
            "R.Ashgrove+a+b@corp.example.",
            "\"r.ashgrove+x\"@corp.example",
            "\"Someone Else\" <r.ashgrove@corp.example>",
            "r.ash\u{200d}grove＋x＠corp.example",
        ] {
            assert_eq!(folded(spelling), "r.ashgrove@corp.example", "{spelling:?}");
        }
        assert_eq!(folded("+x@corp.example"), "+x@corp.example");
        let many = "A <a+1@x.example>, mailto:B@x.example; nobody (c@x.example)";
        assert_eq!(
            addresses(many),
            ["a@x.example", "b@x.example", "c@x.example"]
        );
    }
}

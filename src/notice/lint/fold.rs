//! A text as a reader takes it in: one form of each letter, nothing that is not seen, one space between
//! words, look-alikes of other scripts as the letters that they pass for.

use unicode_security::{MixedScript as _, skeleton};

/// A text, folded.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// The text; a paragraph ends with a line feed.
    pub(super) text: String,
    /// Words with letters of two scripts: where, in bytes, and as they are written.
    pub(super) mixed: Vec<(usize, String)>,
    /// The word that is being read.
    word: String,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let mut folded = Self::default();
        folded.push(text);
        folded.end();
        folded
    }

    /// Takes more of a paragraph in.
    pub(super) fn push(&mut self, text: &str) {
        const FORM: icu_normalizer::ComposingNormalizerBorrowed<'static> =
            icu_normalizer::ComposingNormalizerBorrowed::new_nfkc();
        if text.is_ascii() {
            text.chars().for_each(|c| self.put(c));
        } else {
            FORM.normalize(text).chars().for_each(|c| self.put(c));
        }
    }

    fn put(&mut self, c: char) {
        if c.is_alphanumeric() {
            self.word.push(c);
            return;
        }
        // A stroke or a dot over a letter that has none of its own hides no word.
        if matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}') {
            return;
        }
        if crate::hostile::is_hidden(c) && !c.is_whitespace() {
            return;
        }
        self.end();
        if c.is_whitespace() {
            if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
        } else if c == '.' && self.text.ends_with(['.', '…']) {
            // Dots in a row are an ellipsis, which ends no sentence.
            if self.text.ends_with('.') {
                self.text.pop();
                self.text.push('…');
            }
        } else {
            self.text.push(c);
        }
    }

    /// Ends the word that is being read.
    pub(super) fn end(&mut self) {
        if self.word.is_ascii() {
            self.text.push_str(&self.word);
            return self.word.clear();
        }
        let word = std::mem::take(&mut self.word);
        // The sign for a millionth is Greek, and stands before Latin letters.
        let letters: String = word.chars().filter(|c| *c != 'μ').collect();
        let latin = word.chars().any(|c| c.is_ascii_alphabetic());
        // A word of another script is one, unless each of its letters passes for a Latin one.
        let passes = |c: char| c.is_ascii() || latin_of(c).is_some();
        let folds = latin || word.chars().all(passes);
        let fold = |c: char| latin_of(c).filter(|_| folds).unwrap_or(c);
        let at = self.text.len();
        self.text.extend(word.chars().map(fold));
        if !letters.as_str().is_single_script() {
            self.mixed.push((at, word));
        }
    }

    /// Ends the paragraph.
    pub(super) fn end_line(&mut self) {
        self.end();
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }
}

/// The Latin letter that a letter passes for.
fn latin_of(c: char) -> Option<char> {
    if c.is_ascii() {
        return None;
    }
    let mut buffer = [0; 4];
    let mut looks = skeleton(c.encode_utf8(&mut buffer));
    let first = looks.next().filter(char::is_ascii_alphabetic)?;
    looks.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_the_letters_that_they_pass_for_and_names_stay() {
        for (written, read) in [
            ("р\u{430}yment", "payment"),
            ("\u{440}\u{430}\u{443}", "pay"),
            ("ρay", "pay"),
            ("p\u{251}y", "pay"),
            ("\u{ff50}ay  now", "pay now"),
            ("p\u{200b}ay...  x", "pay… x"),
            ("Иван Größe ação", "Иван Größe ação"),
        ] {
            assert_eq!(Folded::of(written).text, read, "{written}");
        }
        let mixed = |text: &str| Folded::of(text).mixed.len();
        assert_eq!(mixed("p\u{430}y the р\u{430}yment"), 2);
        assert_eq!(mixed("Иван Größe ação naïve 5 µs 山田 x2"), 0);
    }
}

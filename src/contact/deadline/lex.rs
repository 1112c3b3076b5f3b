//! A text as words, numbers and signs, with their places.

/// The longest text that is searched for deadlines, in bytes.
const LONGEST: usize = 512 * 1024;

/// One piece of the text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// The word in lower case, or the sign.
    pub(super) word: String,
    /// Its value when it is a number of at most six digits.
    pub(super) number: Option<i64>,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Whether it follows the token before it without a space.
    pub(super) glued: bool,
}

#[derive(PartialEq, Clone, Copy)]
enum Kind {
    Blank,
    Digit,
    Letter,
    Sign,
}

fn kind(c: char) -> Kind {
    match c {
        _ if c.is_whitespace() => Kind::Blank,
        '0'..='9' => Kind::Digit,
        '\'' | '’' => Kind::Letter,
        _ if c.is_alphabetic() => Kind::Letter,
        _ => Kind::Sign,
    }
}

/// The tokens of `text`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let text = text
        .get(..text.floor_char_boundary(LONGEST))
        .unwrap_or_default();
    let mut found: Vec<Token> = Vec::new();
    let mut last = Kind::Blank;
    for (at, c) in text.char_indices() {
        let this = kind(c);
        let end = at + c.len_utf8();
        match found.last_mut() {
            Some(open) if this == last && matches!(this, Kind::Digit | Kind::Letter) => {
                open.end = end;
                push_lower(&mut open.word, c);
            }
            _ if this == Kind::Blank => {}
            _ => {
                let mut word = String::new();
                push_lower(&mut word, c);
                found.push(Token {
                    word,
                    number: None,
                    start: at,
                    end,
                    glued: last != Kind::Blank,
                });
            }
        }
        last = this;
    }
    for token in &mut found {
        if token.word.len() <= 6 && token.word.starts_with(|c: char| c.is_ascii_digit()) {
            token.number = token.word.parse().ok();
        }
    }
    found
}

fn push_lower(word: &mut String, c: char) {
    match c {
        '’' => word.push('\''),
        _ => word.extend(c.to_lowercase()),
    }
}

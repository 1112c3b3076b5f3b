//! Where sentences begin and end; good enough to quote one.

use std::ops::Range;

/// The longest sentence that is quoted, in bytes; a longer one is cut there.
const LONGEST: usize = 600;

/// The sentences of `text`, in order, without the white space around them.
pub(super) fn split(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut digits = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or('\n', |(_, next)| *next);
        let end = at + c.len_utf8();
        let ends = match c {
            '!' | '?' => next.is_whitespace(),
            // `9. Mai` and the `3.` of a list are not the ends of sentences.
            '.' => next.is_whitespace() && !matches!(digits, 1 | 2),
            // A line end: a blank line follows, or the line is an item of its own.
            '\n' => next == '\n' || matches!(next, '-' | '*' | '•' | '>'),
            _ => end - start >= LONGEST && c.is_whitespace(),
        };
        if ends {
            push(&mut found, text, start..end);
            start = end;
        }
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
    }
    push(&mut found, text, start..text.len());
    found
}

fn push(found: &mut Vec<Range<usize>>, text: &str, range: Range<usize>) {
    let Some(piece) = text.get(range.clone()) else {
        return;
    };
    let from = range.start + (piece.len() - piece.trim_start().len());
    let until = from + piece.trim().len();
    if from < until {
        found.push(from..until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_quoted_whole() {
        let text = "Hello there. Pay 2.5 BTC!\n\n- bis zum 9. Mai um 12 Uhr\n- or we publish. ";
        let quoted: Vec<&str> = split(text)
            .into_iter()
            .filter_map(|range| text.get(range))
            .collect();
        assert_eq!(
            quoted,
            [
                "Hello there.",
                "Pay 2.5 BTC!",
                "- bis zum 9. Mai um 12 Uhr",
                "- or we publish."
            ]
        );
        assert!(split("").is_empty());
        assert!(
            split(&"a ".repeat(10_000))
                .iter()
                .all(|range| range.len() <= LONGEST)
        );
    }
}

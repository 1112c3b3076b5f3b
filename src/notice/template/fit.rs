//! A section that is longer than its form takes: its lists end earlier, and say how many lines they leave
//! out.

use crate::notice::text::unmarked;

/// What a line of a list begins with.
const LINE: &str = "- ";

/// A list of a section: which lines, and how many of them stay.
struct List {
    lines: Vec<String>,
    stay: usize,
}

impl List {
    /// How long what stays of it is, bytes.
    fn size(&self) -> usize {
        self.lines.iter().take(self.stay).map(String::len).sum()
    }
}

enum Part {
    Text(String),
    List(List),
}

/// How many characters an addressee counts.
fn count(text: &str) -> usize {
    unmarked(text.trim()).chars().count()
}

/// The text with its longest lists cut from their end until it has at most `limit` characters, or each
/// list has one line left. `more` says how many lines a list leaves out.
pub(super) fn fitted(text: &str, limit: usize, more: impl Fn(usize) -> String) -> String {
    let mut over = count(text).saturating_sub(limit);
    if over == 0 {
        return text.to_owned();
    }
    let mut parts = parts(text);
    let mut out = text.to_owned();
    while over > 0 && cut(&mut parts, over) {
        out = joined(&parts, &more);
        over = count(&out).saturating_sub(limit);
    }
    out
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in text.split('\n') {
        match parts.last_mut() {
            Some(Part::List(list)) if line.starts_with(LINE) => {
                list.lines.push(line.to_owned());
                list.stay += 1;
            }
            _ if line.starts_with(LINE) => parts.push(Part::List(List {
                lines: vec![line.to_owned()],
                stay: 1,
            })),
            _ => parts.push(Part::Text(line.to_owned())),
        }
    }
    parts
}

/// Takes lines out of the longest lists, about as many as `over` characters; whether there were any.
fn cut(parts: &mut [Part], over: usize) -> bool {
    let mut gone = 0;
    while gone < over {
        let lists = parts.iter_mut().filter_map(|part| match part {
            Part::List(list) if list.stay > 1 => Some(list),
            _ => None,
        });
        let Some(longest) = lists.max_by_key(|list| list.size()) else {
            break;
        };
        longest.stay -= 1;
        let line = longest.lines.get(longest.stay);
        gone += line.map_or(0, |line| count(line) + 1);
    }
    gone > 0
}

fn joined(parts: &[Part], more: impl Fn(usize) -> String) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match part {
            Part::Text(line) => lines.push(line.clone()),
            Part::List(list) => {
                lines.extend(list.lines.iter().take(list.stay).cloned());
                let out = list.lines.len() - list.stay;
                if out > 0 {
                    lines.push(format!("{LINE}{}", more(out)));
                }
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn more(count: usize) -> String {
        format!("and {count} more")
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let text = "Said.\n\n- a[e1]\n- b[e2]\n\nEnd.";
        assert_eq!(fitted(text, count(text), more), text);
    }

    #[test]
    fn the_longest_list_ends_first_and_says_what_it_leaves_out() {
        let long: Vec<String> = (1..=40).map(|n| format!("- line {n}[e{n}]")).collect();
        let text = format!("Two:\n- one\n- two\n\nMany:\n{}\n\nEnd.", long.join("\n"));
        let short = fitted(&text, 120, more);
        assert!(count(&short) <= 120, "{short}");
        assert!(short.starts_with("Two:\n- one\n- two\n"), "{short}");
        assert!(short.contains("- line 1[e1]\n"), "{short}");
        let left = short
            .lines()
            .filter(|line| line.starts_with("- line"))
            .count();
        assert!(
            short.contains(&format!("- and {} more\n\nEnd.", 40 - left)),
            "{short}"
        );
    }

    #[test]
    fn a_text_without_lists_stays_too_long() {
        let text = "word ".repeat(50);
        assert_eq!(fitted(&text, 20, more), text);
        let list = format!("- {}\n- b", "word ".repeat(50));
        let short = fitted(&list, 20, more);
        assert!(short.ends_with("\n- and 1 more"), "{short}");
    }
}

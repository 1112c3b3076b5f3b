//! Words that a title must not carry: it stands in lists, logs and exports, and is read by others.

use crate::fault::{Fault, Result};

/// Words that accuse. What a case is about is identity misrepresentation, and only a finding says so.
const ACCUSING: [&str; 20] = [
    "fake",
    "fraud",
    "fraudster",
    "fraudulent",
    "impostor",
    "imposter",
    "scam",
    "scammer",
    "spy",
    "spies",
    "criminal",
    "crook",
    "thief",
    "liar",
    "illegal",
    "mole",
    "infiltrator",
    "traitor",
    "suspected",
    "culprit",
];
/// Words that bring in where a person comes from, which is never an input.
const ORIGIN: [&str; 10] = [
    "nationality",
    "national",
    "nationals",
    "citizen",
    "citizenship",
    "ethnic",
    "ethnicity",
    "foreign",
    "foreigner",
    "overseas",
];
/// Countries, of every part of the world; those that are first names as well are left out.
const COUNTRIES: [&str; 64] = [
    "afghanistan",
    "algeria",
    "america",
    "angola",
    "argentina",
    "australia",
    "austria",
    "belarus",
    "belgium",
    "brazil",
    "britain",
    "bulgaria",
    "canada",
    "chile",
    "china",
    "colombia",
    "croatia",
    "cuba",
    "denmark",
    "egypt",
    "estonia",
    "ethiopia",
    "finland",
    "france",
    "germany",
    "ghana",
    "greece",
    "hungary",
    "india",
    "indonesia",
    "iran",
    "iraq",
    "ireland",
    "israel",
    "italy",
    "japan",
    "kenya",
    "korea",
    "laos",
    "latvia",
    "lebanon",
    "libya",
    "malaysia",
    "mexico",
    "morocco",
    "nepal",
    "nigeria",
    "norway",
    "pakistan",
    "poland",
    "portugal",
    "romania",
    "russia",
    "serbia",
    "spain",
    "sweden",
    "switzerland",
    "syria",
    "thailand",
    "turkey",
    "ukraine",
    "venezuela",
    "vietnam",
    "yemen",
];
/// What makes the people of a country of its name.
const PEOPLE: [&str; 7] = ["", "n", "an", "ian", "ese", "i", "s"];

fn names_a_country(word: &str) -> bool {
    COUNTRIES.iter().any(|country| {
        // `china` and `chin-ese`, `brazil-ian`, `ital-ian`, `german`.
        let stem = country.strip_suffix(['a', 'y']).unwrap_or(country);
        let rest = word.strip_prefix(country);
        let rest = rest.or_else(|| word.strip_prefix(stem).filter(|rest| rest.len() > 1));
        word == stem && country.ends_with('y') || rest.is_some_and(|rest| PEOPLE.contains(&rest))
    })
}

/// Refuses a title that is not neutral: it is shown wherever the case is, and stays in its log.
///
/// # Errors
/// The word, and what is wrong with it.
pub fn neutral(title: Option<&str>) -> Result<()> {
    let Some((word, why)) = title.and_then(not_neutral) else {
        return Ok(());
    };
    let word = word.escape_debug();
    let what = format!("The title is not neutral: `{word}`, {why}.");
    Err(Fault::input("title", what))
}

/// Why a title is not neutral: the word, and what is wrong with it.
fn not_neutral(title: &str) -> Option<(String, &'static str)> {
    let lower = title.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).find_map(|word| {
        if ACCUSING.contains(&word) {
            return Some((word.to_owned(), "it accuses before anything is found"));
        }
        (ORIGIN.contains(&word) || names_a_country(word)).then(|| {
            (
                word.to_owned(),
                "where a person comes from is no input of a case",
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::not_neutral;

    #[test]
    fn a_title_neither_accuses_nor_says_where_somebody_comes_from() {
        for (title, word) in [
            ("Fraud: J. Doe", "fraud"),
            ("the FAKE worker", "fake"),
            ("a foreign national", "foreign"),
            ("Canadian contractor", "canadian"),
            ("worker, Brazil", "brazil"),
            ("German desk", "german"),
        ] {
            assert_eq!(not_neutral(title).unwrap().0, word);
        }
        for title in [
            "Access review LL-C-0417",
            "Fraudulence-free",
            "Review 7 (international)",
            "Jordan Doe, Indiana",
        ] {
            assert_eq!(not_neutral(title), None, "{title}");
        }
    }
}

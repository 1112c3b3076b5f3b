//! The words of time in English, German and Portuguese.

use jiff::civil::Weekday;

/// A unit of a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    WorkingDay,
    Week,
    Month,
}

/// A part of a day: from and to, hours of the wall clock; more than 24 is the next morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The number that a word names.
pub(super) fn number(word: &str) -> Option<i64> {
    Some(match word {
        "a" | "an" | "one" | "ein" | "eine" | "einer" | "einem" | "einen" | "eines" | "um"
        | "uma" => 1,
        "two" | "couple" | "zwei" | "dois" | "duas" => 2,
        "three" | "drei" | "três" | "tres" => 3,
        "four" | "vier" | "quatro" => 4,
        "five" | "fünf" | "cinco" => 5,
        "six" | "sechs" | "seis" => 6,
        "seven" | "sieben" | "sete" => 7,
        "eight" | "acht" | "oito" => 8,
        "nine" | "neun" | "nove" => 9,
        "ten" | "zehn" | "dez" => 10,
        "eleven" | "elf" | "onze" => 11,
        "twelve" | "zwölf" | "doze" => 12,
        "fourteen" | "vierzehn" | "quatorze" => 14,
        "fifteen" | "fünfzehn" | "quinze" => 15,
        "twenty" | "zwanzig" | "vinte" => 20,
        "vierundzwanzig" => 24,
        "thirty" | "dreißig" | "trinta" => 30,
        "sechsunddreißig" => 36,
        "forty" | "vierzig" | "quarenta" => 40,
        "achtundvierzig" => 48,
        "sixty" | "sechzig" | "sessenta" => 60,
        "seventy" | "siebzig" | "setenta" => 70,
        "zweiundsiebzig" => 72,
        "ninety" | "neunzig" | "noventa" => 90,
        "sechsundneunzig" => 96,
        _ => return None,
    })
}

/// The unit that a word names.
pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "minute" | "minutes" | "min" | "mins" | "minuten" | "minuto" | "minutos" => Unit::Minute,
        "hour" | "hours" | "hr" | "hrs" | "h" | "stunde" | "stunden" | "std" | "hora" | "horas" => {
            Unit::Hour
        }
        "day" | "days" | "tag" | "tage" | "tagen" | "dia" | "dias" => Unit::Day,
        "werktag" | "werktage" | "werktagen" | "arbeitstag" | "arbeitstage" | "arbeitstagen" => {
            Unit::WorkingDay
        }
        "week" | "weeks" | "woche" | "wochen" | "semana" | "semanas" => Unit::Week,
        "month" | "months" | "monat" | "monate" | "monaten" | "mês" | "meses" => Unit::Month,
        _ => return None,
    })
}

/// The weekday that a word names.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mon" | "montag" | "segunda" => Weekday::Monday,
        "tuesday" | "tue" | "tues" | "dienstag" | "terça" => Weekday::Tuesday,
        "wednesday" | "wed" | "mittwoch" | "quarta" => Weekday::Wednesday,
        "thursday" | "thu" | "thurs" | "donnerstag" | "quinta" => Weekday::Thursday,
        "friday" | "fri" | "freitag" | "sexta" => Weekday::Friday,
        "saturday" | "samstag" | "sonnabend" | "sábado" => Weekday::Saturday,
        "sunday" | "sonntag" | "domingo" => Weekday::Sunday,
        _ => return None,
    })
}

/// The month that a word names.
pub(super) fn month(word: &str) -> Option<i8> {
    Some(match word {
        "january" | "jan" | "januar" | "jänner" | "janeiro" => 1,
        "february" | "feb" | "februar" | "fevereiro" => 2,
        "march" | "mar" | "märz" | "maerz" | "março" => 3,
        "april" | "apr" | "abril" => 4,
        "may" | "mai" | "maio" => 5,
        "june" | "jun" | "juni" | "junho" => 6,
        "july" | "jul" | "juli" | "julho" => 7,
        "august" | "aug" | "agosto" => 8,
        "september" | "sep" | "sept" | "setembro" => 9,
        "october" | "oct" | "oktober" | "okt" | "outubro" => 10,
        "november" | "nov" | "novembro" => 11,
        "december" | "dec" | "dezember" | "dez" | "dezembro" => 12,
        _ => return None,
    })
}

/// The part of a day that a word names.
pub(super) fn part(word: &str) -> Option<Part> {
    let (name, from, to) = match word {
        "morning" | "früh" | "vormittag" | "manhã" => ("morning", 6, 12),
        "afternoon" | "nachmittag" | "tarde" => ("afternoon", 12, 18),
        "evening" | "abend" => ("evening", 18, 24),
        "night" | "nacht" | "noite" => ("night", 20, 30),
        _ => return None,
    };
    Some(Part { name, from, to })
}

/// The zones that an abbreviation may mean: a fixed offset in minutes or a name.
///
/// People write `EST` in summer too and mean the clock on the wall, so both are given.
pub(super) fn zone(word: &str) -> Option<(&'static [i32], &'static [&'static str])> {
    Some(match word {
        "utc" | "gmt" | "zulu" => (&[0], &[]),
        "est" => (&[-300], &["America/New_York"]),
        "edt" => (&[-240], &["America/New_York"]),
        "et" | "eastern" => (&[], &["America/New_York"]),
        "cst" => (&[-360, 480], &["America/Chicago"]),
        "cdt" => (&[-300], &["America/Chicago"]),
        "mst" => (&[-420], &["America/Denver"]),
        "mdt" => (&[-360], &["America/Denver"]),
        "pst" => (&[-480], &["America/Los_Angeles"]),
        "pdt" => (&[-420], &["America/Los_Angeles"]),
        "pt" | "pacific" => (&[], &["America/Los_Angeles"]),
        "cet" | "mez" => (&[60], &["Europe/Berlin"]),
        "cest" | "mesz" => (&[120], &["Europe/Berlin"]),
        "eet" => (&[120], &["Europe/Helsinki"]),
        "eest" => (&[180], &["Europe/Helsinki"]),
        "wet" => (&[0], &["Europe/Lisbon"]),
        "bst" => (&[60], &["Europe/London"]),
        "msk" => (&[180], &[]),
        "ist" => (&[330, 120, 60], &[]),
        "jst" | "kst" => (&[540], &[]),
        "sgt" | "hkt" => (&[480], &[]),
        "aest" => (&[600], &["Australia/Sydney"]),
        "aedt" => (&[660], &["Australia/Sydney"]),
        "brt" => (&[-180], &["America/Sao_Paulo"]),
        _ => return None,
    })
}

//! Threats that are only hinted at: no demand is made, and the reader understands one.
//!
//! What says so by itself: a shame that something might get out, rivals who would pay for it, "you
//! know what I have". What says so only beside a claim to hold the reader's things: who would like
//! to see them, whom the writer prefers, silence. Who asks for wages, names a court or speaks of
//! "our competitors" hints at nothing.

use super::{LONGEST, MOST, ORDINARY, Pattern, READER, extort, indicator, quote, sentence};

/// `It would be a shame if …`
static SHAME: Pattern = Pattern::new(concat!(
    r"(?i)(?:\b(?:would|will|'d)(?: really| only| just)? be (?:such |quite |really )?an? (?:real |great |terrible |big )?(?:shame|pity) (?:if|when|should|were)\b|",
    r"\bwäre (?:doch |wirklich |sehr |nur )*(?:schade|ein jammer),? wenn\b|\bseria uma (?:grande )?(?:pena|lástima) (?:se|que)\b)",
));
/// What might happen to the things of the reader.
static HARM: Pattern = Pattern::new(concat!(
    r"(?i)\b(?:(?:get|gets|got|come|comes|came) out|surfac\w+|end(?:s|ed)? up (?:with|at|on|in)|(?:wrong|other|different) hands|hands of|",
    r"(?:something|anything|things?) (?:were to |should |might |would )?happen(?:s|ed)?|find(?:s|ing)? (?:its|their) way|found (?:its|their) way|",
    r"leak\w*|(?:go|goes|went|become|becomes|became|be|made) public|(?:on|all over) the (?:internet|web|news)|press|journalists?|reporters?|competitors?|rivals?|",
    r"(?:customers?|clients?|investors?|others|everyone|people|world) (?:to )?(?:knew|know|learn\w*|found|find|saw|see|hear\w*|read)|",
    r"kunden .{0,20}(?:sehen|erfahren|hören|lesen)|bekannt|öffentlich\w*|falsche\w* hände\w*|konkurrenz|wettbewerber\w*|mitbewerber\w*|an die presse|passier\w+|vaza\w*|mãos erradas|público\w*|concorr\w+|imprensa|acontec\w+)\b",
));
/// Rivals who would give money for it, and others who would for what the writer has.
static RIVALS_PAY: Pattern = Pattern::new(concat!(
    r"(?i)(?:\b(?:competitors?|rivals?|competition)\b.{0,40}\b(?:would|will|might|may|could|'d|'ll|are (?:ready|willing|happy) to)\b.{0,25}\b(?:pay|give|offer)\b.{0,25}",
    r"\b(?:well|handsomely|nicely|good (?:money|price)|a lot|a fortune|(?:much |even )?more|for (?:it|this|that|them|these|those|such|what|your))|",
    r"\b(?:someone else|somebody else|other (?:people|parties|buyers)|others|people)\b.{0,40}\b(?:would|will|might|may|could|'d|'ll|are (?:ready|willing|happy) to)\b.{0,25}\b(?:pay|give|offer)\b.{0,40}",
    r"\b(?:what (?:i|we) (?:have|hold|kept|took|copied)|what is on my|for your (?:data|files?|code|sources?|designs?|lists?|secrets?|mails?|documents?))|",
    r"\b(?:konkurrenz|wettbewerber\w*|mitbewerber\w*)\b.{0,40}\bwürden?\b.{0,40}\b(?:zahlen|bezahlen|bieten)\b|\bconcorrentes?\b.{0,40}\bpagari?am?\b)",
));
/// Pay for work: what a rival pays there is a wage.
static WORK: Pattern = Pattern::new(
    r"(?i)\b(?:salar\w+|wages?|hourly|per (?:hour|month|year)|an hour|roles?|positions?|jobs?|hire[sd]?|hiring|recruit\w*|developers?|engineers?|staff|employees|talent|bonus\w*|(?:pay|give|offer)s? (?:me|him|her|us|people|better|higher)|gehalt\w*|lohn|stelle|salário|vaga)\b",
);
/// The writer or the writer's side is the reader's own.
static OURS: Pattern = Pattern::new(
    r"(?i)\b(?:our|unsere?[mnrs]?|noss[ao]s?)\b|\b(?:launch|announcement|surprise|birthday|party|embargo)\b",
);
/// What says by itself that the writer holds something over the reader.
static KNOWN: Pattern = Pattern::new(concat!(
    r"(?i)(?:\byou (?:all |both )?know (?:very well |exactly |well |perfectly |already )?what (?:i|we) (?:have|hold|kept|took|copied|downloaded|(?:can|could) do(?: with (?:it|them|this))?|am able to do)(?: on you| of yours| in my hands| from you)?\s*(?:[.!?,;…]|$)|",
    r"\b(?:you )?(?:do not|don't|would not|wouldn't) want (?:this|it|that|them|these|your \w+|the \w+) (?:to (?:get|come|go) (?:out|public)|to be(?:come)? public|in the (?:wrong hands|news|press|papers))|",
    r"\b(?:still|no longer|not) (?:only|just) (?:yours|theirs)\b|\b(?:buy|price of|worth) (?:my|our) silence\b|\bmy silence (?:has|is|costs?)\b|",
    r"\bsie wissen(?: genau| sehr gut| ganz genau)?,? was (?:ich|wir) (?:habe|haben|kann|können)\s*(?:[.!?,;…]|$)|\bvocês? sabe[m]? (?:muito bem )?o que (?:eu )?(?:tenho|temos)\s*(?:[.!?,;…]|$))",
));
/// That the writer holds the reader's things.
pub(super) static HOLD: Pattern = Pattern::new(concat!(
    r"(?i)(?:\b(?:i|we)(?:'ve| have)?(?: still| also| now| got| kept| keep| hold| saved| took| made| took)*\b.{0,12}\b(?:have|'ve|kept|keep|hold|saved|took|copied|got|made)\b.{0,40}",
    r"\b(?:all of (?:it|them)|everything|it all|cop(?:y|ies) of|your (?:files?|data|code|sources?|mails?|emails?|documents?|repositor\w+|databases?|lists?|secrets?|designs?|customers?)|the source code)|",
    r"\bich habe\b.{0,40}\b(?:alles|kopien|ihre (?:daten|dateien|unterlagen))|\b(?:eu )?(?:tenho|guardei)\b.{0,40}\b(?:tudo|cópias?|seus (?:dados|arquivos)))\b",
));
/// Rivals, and others whom the reader would not want to see it. Customers are shown things every day.
static RIVALS: Pattern = Pattern::new(
    r"(?i)\b(?:competitors?|rivals?|competition|konkurrenz|wettbewerber\w*|mitbewerber\w*|concorrentes?|concorrência)\b",
);
static OUTSIDERS: Pattern =
    Pattern::new(r"(?i)\b(?:press|journalists?|reporters?|newspapers?|presse|imprensa)\b");
static LIKE: Pattern = Pattern::new(concat!(
    r"(?i)\b(?:would|will|might|may|could|'d|'ll)(?: \w+){0,2} (?:like|love|enjoy|appreciate|want|buy|(?:be|find)(?: \w+){0,3} (?:interest\w+|glad|happy|pleased|curious|surprised|useful)|know what to do)\b|",
    r"\b(?:würden?|wird|werden) .{0,40}\b(?:interessieren|freuen|gefallen)|\b(?:gostari?am?|adorari?am?|vão (?:gostar|adorar))\b",
));
/// Whom the writer prefers, what the reader shall remember, silence.
static PREFER: Pattern = Pattern::new(concat!(
    r"(?i)(?:\bi(?:'d| would)? (?:prefer|rather) (?:you|it were you)(?:\s*[.!…]|\s*$| over| first)|\b(?:i|we)(?: can| could| will| would|'ll|'d| may| might) (?:stay|keep|remain) (?:quiet|silent)\b|",
    r"\b(?:nobody|no one)(?: else)? (?:needs|has|have) to (?:know|find out)\b|\bforget what (?:i|we) (?:saw|have|know)\b|",
    r"\b(?:ich|wir) (?:bevorzuge|bevorzugen) sie\b|\bprefiro vocês?\b)",
));
/// A dispute about pay for work that was done.
pub(super) static WAGES: Pattern = Pattern::new(
    r"(?i)\b(?:unpaid|wages?|salar(?:y|ies)|overtime|final pay|last pay\w*|pay ?(?:check|slip|roll)|timesheets?|invoices?|severance|owe[sd]?|outstanding|labou?r|tribunal|lohn|gehalt|überstunden|salários?|horas extras|rescisão)\b",
);

/// The sentences of `text` that hint at a threat; none when nothing does.
pub fn hints(text: &str) -> Vec<String> {
    let clipped = text
        .get(..text.floor_char_boundary(LONGEST))
        .unwrap_or_default();
    let text = indicator::refang(clipped).replace('’', "'");
    let sentences: Vec<&str> = sentence::split(&text)
        .into_iter()
        .filter_map(|range| text.get(range))
        .filter(|sentence| !ORDINARY.is_in(sentence))
        .collect();
    let mut found = Vec::new();
    for sentence in &sentences {
        if alone(sentence) {
            quote(&mut found, sentence);
        }
    }
    if sentences.iter().any(|sentence| HOLD.is_in(sentence)) {
        let wages = WAGES.is_in(&text);
        let prefers = sentences.iter().any(|sentence| PREFER.is_in(sentence));
        for sentence in &sentences {
            let who = RIVALS.is_in(sentence) || (OUTSIDERS.is_in(sentence) || prefers) && !wages;
            let likes = who && LIKE.is_in(sentence) && !OURS.is_in(sentence);
            if likes || (PREFER.is_in(sentence) && !wages) {
                quote(&mut found, sentence);
            }
        }
    }
    found.truncate(MOST);
    found
}

/// Whether a sentence hints without any other.
fn alone(sentence: &str) -> bool {
    if KNOWN.is_in(sentence) || extort::hints(sentence) {
        return true;
    }
    if OURS.is_in(sentence) {
        return false;
    }
    let shame = SHAME.is_in(sentence) && HARM.is_in(sentence) && !WORK.is_in(sentence);
    shame && concerns(sentence) || RIVALS_PAY.is_in(sentence) && !WORK.is_in(sentence)
}

/// Whether it concerns the reader, or a thing that both know.
fn concerns(sentence: &str) -> bool {
    static POINTS: Pattern = Pattern::new(
        r"(?i)\b(?:this|it|that|these|those|they|them|everything|all|das|dies\w*|alles|isso|isto|tudo)\b",
    );
    // The "it" of "it would be a shame" points at nothing.
    let condition = ["if", "when", "should", "were", "wenn", "se", "que"]
        .iter()
        .find_map(|word| sentence.to_lowercase().find(&format!(" {word} ")));
    let rest = condition.map_or_else(String::new, |at| {
        sentence
            .to_lowercase()
            .get(at..)
            .unwrap_or_default()
            .to_owned()
    });
    READER.is_in(sentence) || POINTS.is_in(&rest)
}

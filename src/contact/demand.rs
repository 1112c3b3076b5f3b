//! Whether a message asks for money or threatens to publish, with the sentences that say so.
//!
//! A flag that makes a person look, never a verdict. It rests on words (English, German, Portuguese)
//! and amounts, and is meant to be quiet on ordinary mail. A threat that is only hinted at ("they
//! will like it") is no demand; [`hints`] finds some of them, which is a flag of its own. No flag is
//! not a finding that nothing is demanded.

mod extort;
mod hint;

pub use hint::hints;

use serde::Serialize;

use super::indicator::{self, names_amount, names_crypto};
use super::pattern::Pattern;
use super::sentence;
use crate::case::event::Indicator;

/// The most sentences that are quoted of one kind.
const MOST: usize = 20;
/// A sentence that is little more than an amount of crypto money, in bytes.
const SHORT: usize = 160;
/// The longest text that is looked at, in bytes.
const LONGEST: usize = 512 * 1024;

/// Why a message counts as a demand: its own sentences, hostile text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Why {
    /// Sentences that ask for money.
    pub payment: Vec<String>,
    /// Sentences that threaten to publish or to send to others.
    pub publish: Vec<String>,
    /// Sentences that threaten to sell, or to give to a competitor.
    pub sell: Vec<String>,
    /// Sentences that threaten otherwise: to delete, to tell others, an ultimatum over what was taken.
    pub threat: Vec<String>,
    /// Sentences that offer or point to proof. On their own they make no demand.
    pub proof: Vec<String>,
}

/// What is done to the data.
static PUBLISH: Pattern = Pattern::new(concat!(
    r"(?i)\b(?:publish\w*|leak(?:s|ed|ing)?|made? public|make .{0,40}public|go(?:es)? public|expos(?:e|ed|ing)|dump(?:ed|ing)?|disclos\w+|",
    r"(?:goes?|send|sent|hand|handed|give|given|forward\w*) .{0,60}\b(?:to everyone|to (?:the |your )?(?:press|media|journalists?|newspapers?|regulators?|authorities|customers|clients|partners|staff|employees))|",
    r"to everyone|(?:post|posted|upload|uploaded|release|released|spread|shared?) .{0,60}\b(?:online|blog|site|website|internet|dark ?(?:net|web)|public|forum|tor|telegram|everywhere|everyone)|",
    r"(?:release|released|post|posted|upload) .{0,20}\b(?:all|your|the) .{0,20}(?:data|files|documents|archives?|information)|",
    r"veröffentlich\w*|bekommen es alle|an die presse|öffentlich machen|alle erfahren|",
    r"publicar\w*|publicados?|publicamos|vazar\w*|vazamos|divulgar\w*|divulgamos|para todos|à imprensa)\b",
));
static SELL: Pattern = Pattern::new(concat!(
    r"(?i)\b(?:sell|sold|selling|auction(?:ed|ing)?|(?:give|given|offer(?:ed)?|send|sent|hand(?:ed)?|go(?:es)?) .{0,80}\b(?:competitors?|competition|buyers?|highest bidder|third part(?:y|ies)|(?:people|those|anyone) who (?:will |can |want to )?(?:pay|buy))|",
    r"verkauf\w*|versteiger\w*|meistbietenden|(?:an|der) (?:die )?(?:konkurrenz|wettbewerber)|",
    r"vender\w*|vendemos|vendidos?|leilo\w+|concorrentes?|concorrência)\b",
));
/// What it is about.
static DATA: Pattern = Pattern::new(
    r"(?i)\b(?:data|files?|documents?|docs|code|sources?|repositor\w+|archives?|databases?|information|info|[0-9.,]+ ?[tg]b|lists?|records?|mails?|emails?|engine|secrets?|copy|copies|everything|all of it|it all|it|them|stuff|leak|daten|dateien?|unterlagen|quellcode|kopien?|alles|es|dados|arquivos?|documentos?|código|tudo|informações)\b",
);
/// What makes it a threat: a condition, a time to come, or that it concerns the reader.
static THREAT: Pattern = Pattern::new(
    r"(?i)\b(?:if|unless|otherwise|or else|or|after|then|until|will|'ll|would|going to|gonna|shall|want|decide|refus\w+|ignor\w+|fail\w*|within|soon|start\w*|begin\w*|before|wenn|falls|sonst|andernfalls|dann|werden|wird|werde|bis|nach|se|senão|caso|então|vamos|será|serão|iremos|depois|até)\b",
);
/// That it concerns the reader.
static READER: Pattern = Pattern::new(
    r"(?i)\b(?:you|your|yours|company|ihr|ihre|ihren|ihrer|sie|euch|eure|seus?|suas?|você|vocês|sua empresa)\b",
);
/// Words that need no reader: nobody says them of an ordinary release.
static STARK: Pattern = Pattern::new(
    r"(?i)\b(?:leak\w*|auction\w*|highest bidder|to everyone|people who (?:will |can |want to )?(?:pay|buy)|dark ?(?:net|web)|black ?markets?|bekommen es alle|meistbietenden|vaz(?:ar|amos)\w*)\b",
);
static PAY: Pattern = Pattern::new(
    r"(?i)\b(?:pay|payment|paying|paid|transfer|wire|send|deposit|ransom|price|cost|costs|amount|sum|fee|demand|discount|wallet|address|zahl\w*|überweis\w*|lösegeld|preis|summe|betrag|forder\w+|pagar\w*|pague\w*|pagamento|resgate|transfira\w*|preço|valor|carteira)\b",
);
static RANSOM: Pattern = Pattern::new(r"(?i)\b(?:ransom|lösegeld|resgate)\b");
/// That data is held: what is asked for in such a message is asked for the data.
static HELD: Pattern = Pattern::new(
    r"(?i)\b(?:decrypt\w*|(?:we|have|has|been) (?:also )?(?:encrypted|downloaded|stolen|hacked|taken)|(?:removal|deletion|destruction) of (?:all |your )?(?:your )?(?:data|files)|data (?:removal|deletion)|return (?:of )?your (?:data|files)|entschlüssel\w*|gestohlen\w*|descriptograf\w*|criptografados?|roubados?|roubamos)\b",
);
/// That money has come, not that it is asked for.
static COME: Pattern = Pattern::new(
    r"(?i)\b(?:received|(?:un)?confirmed|confirmations?|balance|erhalten|eingegangen|recebid\w+|recebemos)\b",
);
static PROOF: Pattern = Pattern::new(
    r"(?i)\b(?:proofs?|samples?|screenshots?|see the (?:archive|attach\w+|files?)|as evidence|file tree|listing|so you know|beweis\w*|auszug|probe|anbei|amostras?|provas?|comprovante|em anexo)\b",
);
/// Words of the reader's own side of business: what is published there is a paper or a release.
static ORDINARY: Pattern = Pattern::new(
    r"(?i)\b(?:release notes?|press release|publish(?:ed)? (?:the |a |our |my )?(?:paper|article|post|package|crate|docs|documentation|version|release|job|ad|blog)|pull request|changelog|staging|sprint|open[- ]source|privacy policy|terms of service|newsletter|unsubscribe|invoice (?:no|number|#)|purchase order|rechnung(?:snummer)?)\b",
);

/// Why `text` counts as a demand; `None` when nothing in it says so.
pub fn demand(text: &str) -> Option<Why> {
    let clipped = text
        .get(..text.floor_char_boundary(LONGEST))
        .unwrap_or_default();
    let text = indicator::refang(clipped).replace('’', "'");
    let sentences: Vec<&str> = sentence::split(&text)
        .into_iter()
        .filter_map(|range| text.get(range))
        .collect();
    let mut why = Why::default();
    let money = names_amount(&text) || names_crypto(&text);
    for sentence in &sentences {
        if ORDINARY.is_in(sentence) {
            continue;
        }
        let threat = DATA.is_in(sentence) && THREAT.is_in(sentence);
        let strong = threat && (money || READER.is_in(sentence) || STARK.is_in(sentence));
        if PUBLISH.is_in(sentence) && strong {
            quote(&mut why.publish, sentence);
        }
        if SELL.is_in(sentence) && strong {
            quote(&mut why.sell, sentence);
        }
    }
    extort::find(&sentences, &mut why);
    let threatened = [&why.publish, &why.sell, &why.threat]
        .iter()
        .any(|kind| !kind.is_empty());
    let held = HELD.is_in(&text) || has_wallet(&indicator::extract(&text));
    for sentence in &sentences {
        if asks_for_money(sentence, threatened || held) && !ORDINARY.is_in(sentence) {
            quote(&mut why.payment, sentence);
        }
        if PROOF.is_in(sentence) {
            quote(&mut why.proof, sentence);
        }
    }
    (threatened || !why.payment.is_empty()).then_some(why)
}

/// An amount to be paid in crypto money, an amount where something is `at_stake`, or a ransom.
/// At stake: a threat, a wallet, or data that is held.
fn asks_for_money(sentence: &str, at_stake: bool) -> bool {
    if COME.is_in(sentence) && !RANSOM.is_in(sentence) {
        return false;
    }
    let (amount, crypto) = (names_amount(sentence), names_crypto(sentence));
    let (pay, reader) = (PAY.is_in(sentence), READER.is_in(sentence));
    (amount && crypto && (pay || at_stake || sentence.len() < SHORT))
        || (amount && at_stake && (pay || reader))
        || (crypto && at_stake && pay)
        || (RANSOM.is_in(sentence) && reader && (amount || pay))
}

/// Whether a wallet is among the indicators, also one whose checksum does not hold.
fn has_wallet(indicators: &[Indicator]) -> bool {
    indicators
        .iter()
        .any(|found| indicator::is_wallet(&found.kind))
}

fn quote(list: &mut Vec<String>, sentence: &str) {
    if list.len() < MOST && !list.iter().any(|known| known == sentence) {
        list.push(sentence.to_owned());
    }
}

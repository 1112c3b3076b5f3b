//! Extortion in plain words: no amount, no crypto money, and a threat that is a condition.
//!
//! Three shapes. Things of the reader are taken or locked, and money or contact is asked for. Something
//! is asked for ("pay me", "my job back") *or else*: the things are published, deleted, shown to others.
//! A sum is asked for, and *otherwise* the things stand where anyone reads them. A court, a lawyer or an
//! inspectorate is nobody's threat here, and telling others over unpaid wages is only hinted at.

use super::hint::{HOLD, WAGES};
use super::{DATA, ORDINARY, PUBLISH, Pattern, SELL, Why, names_amount, quote};

/// That the writer took the things of the reader: nobody writes this of work.
static STOLEN: Pattern = Pattern::new(concat!(
    r"(?i)(?:\b(?:we|i)(?:'ve| have| had| also| just| already| now| successfully| recently)* (?:stolen|stole|hacked|breached|exfiltrated)\b.{0,40}\b(?:you\w*|all|everything|the)\b|",
    r"\b(?:wir|ich) (?:haben|habe) .{0,40}\b(?:ihre\w*|eure\w*|den|die|alle) .{0,40}\b(?:gestohlen|entwendet|gehackt)\b|",
    r"\b(?:nós |eu )?(?:roubamos|roubei|hackeamos|invadimos) .{0,30}\b(?:seus?|suas?|todos|tudo)\b)",
));
/// That they are locked, which is also said of encryption at rest.
static LOCKED: Pattern = Pattern::new(concat!(
    r"(?i)(?:\b(?:we|i)(?:'ve| have| had| also| just| already| now| successfully| recently)* (?:encrypted|locked)\b.{0,20}\b(?:your|all) .{0,20}\b(?:data|files|servers?|network|systems?|databases?|documents|backups?|infrastructure|computers)\b|",
    r"\b(?:your|all) .{0,30}\b(?:data|files|servers?|network|systems?|databases?|documents|backups?|infrastructure|computers|source code) .{0,20}\b(?:is|are|was|were|been) .{0,20}\b(?:encrypted|locked|exfiltrated)\b|",
    r"\b(?:ihre?|eure|alle) .{0,30}\b(?:daten|dateien|server|systeme?|datenbank(?:en)?|netzwerk|unterlagen) .{0,20}\b(?:verschlüsselt|gesperrt|entwendet)\b|",
    r"\b(?:seus?|suas?|todos os|os) .{0,30}\b(?:dados|arquivos|servidores|sistemas|documentos|bancos? de dados) .{0,20}\b(?:criptografad[oa]s?|bloquead[oa]s?|roubad[oa]s?)\b|",
    r"\bcriptografamos .{0,30}\b(?:seus?|suas?|todos|tudo)\b)",
));
/// That they were taken, by whoever: also a report of a theft says so.
static GONE: Pattern = Pattern::new(concat!(
    r"(?i)(?:\byour .{0,30}\b(?:data|files|servers?|network|systems?|databases?|documents|backups?|source code|code|designs?) .{0,20}\b(?:been|was|were) .{0,20}\b(?:stolen|hacked|taken|downloaded|copied)\b|",
    r"\b(?:we|i)(?:'ve| have| had| also| just| already| now)* (?:taken|took|downloaded|copied|dumped)\b.{0,20}\byour .{0,20}\b(?:data|files|databases?|documents|source code|code|designs?)\b)",
));
/// Payment as such: no bill is named behind it.
static PAY_UP: Pattern = Pattern::new(concat!(
    r"(?i)(?:(?:\b(?:you|and|to)(?: will| 'll|'ll)? (?:have to|need to|must|should|shall|will|better|got to) pay|(?:^|[,;:.!–-]\s?|\b(?:so|and|now|just|please|simply) )pay)",
    r"(?: us| me| up| now| immediately| today| quickly| fast)*\s*(?:[.!?,;]|$|\b(?:or|if|within|by|before|until|in (?:bitcoins?|btc|crypto|monero)|for (?:the |a |your |its |their )?(?:key|decrypt\w*|recovery|return|data|files|silence|tool)|to (?:get|recover|decrypt|restore|unlock|have|see|receive|prevent|avoid|stop)))|",
    r"\b(?:we|i) (?:expect|want|demand|require) (?:a |your |the |our )?(?:payment|money|compensation)\b|",
    r"\bsie (?:müssen|werden|sollten) (?:nun |jetzt |dafür |uns |mir |sofort )*(?:be)?zahlen\b|\b(?:be)?zahlen sie(?: uns| mir| jetzt| sofort)*\s*(?:[.!?,;]|$|\b(?:oder|sonst|bis|innerhalb|binnen|um|wenn)\b)|",
    r"\b(?:têm|tem|precisam?|devem?|terão|terá) (?:que |de )?pagar\b(?: agora| já| logo)*\s*(?:[.!?,;]|$|\b(?:ou|até|se|para|em)\b)|\bpaguem?(?:-me|-nos)?(?: agora| já)?\s*(?:[.!?,;]|$|\b(?:ou|senão|até|se|para)\b))",
));
/// Encryption that protects.
static GUARDED: Pattern = Pattern::new(
    r"(?i)\b(?:at rest|in transit|end[- ]to[- ]end|bitlocker|filevault|luks|polic(?:y|ies)|new key|übertragen|richtlinie|em trânsito|em repouso|política)\b",
);
/// That the reader shall come to the writer, and that time is short.
static REACH: Pattern = Pattern::new(
    r"(?i)\b(?:contact|write|email|e-mail|message|reach|call|answer|reply|respond|get in touch|melden sie|kontaktieren sie|schreiben sie|antworten sie|entrem? em contato|contatem?|escrevam?|respondam?)\b",
);
static PRESSED: Pattern = Pattern::new(
    r"(?i)\b(?:within|or else|otherwise|or we|or i|or it|until|before|deadline|\d+ ?(?:hours?|h|days?)|(?:do not|don't) (?:call|contact|tell|go to) the (?:police|authorities)|sonst|andernfalls|oder wir|binnen|innerhalb|bis|stunden|senão|caso contrário|ou então|até|horas|prazo)\b",
);
/// An ultimatum: "you have until Friday".
static ULTIMATUM: Pattern = Pattern::new(
    r"(?i)(?:\byou (?:have|'ve got|got) (?:only |just |exactly )?(?:until|till|\d+ ?(?:hours?|h|days?)|(?:one|two|three|four|five|seven|ten|twenty-four|forty-eight|seventy-two) (?:hours?|days?|weeks?))\b|\bsie haben (?:nur |noch )*(?:bis|\d+ (?:stunden|tage))\b|\bvocês? t[êe]m (?:só |apenas )?(?:até|\d+ (?:horas|dias))\b)",
);
/// What ties the asking to the harm.
static ELSE: Pattern = Pattern::new(
    r"(?i)\b(?:or|otherwise|else|unless|if not|if (?:you|i|we) (?:do not|don't|will not|won't|refuse|fail|ignore|are not|am not)|until|oder|sonst|andernfalls|ansonsten|wenn|falls|ou|senão|caso|se (?:eu |vocês? |nós )?não)\b",
);
/// What the writer wants for themselves.
static MINE: Pattern = Pattern::new(concat!(
    r"(?i)(?:\b(?:pay|wire|transfer) (?:me|us)\b|\b(?:give|return|get|have|receive|want|see|restore)\b.{0,20}\bmy (?:\w+ )?(?:job|position|role|contract|severance|money|pay|salary|wages|bonus|share|compensation|payment|access|account)\b|",
    r"\b(?:give|send|hand) (?:me|us) .{0,12}\b(?:money|cash|payment)\b|\b(?:i am|i'm|we are|we're|i get|we get) (?:not )?paid\b|\b(?:hire|rehire|reinstate) me\b|\bpay(?: up| now| today)?,? or\b|\bsend (?:the |some |your )?(?:money|cash|coins)\b|\btake me back\b|",
    r"\b(?:zahlen|überweisen|geben) sie (?:mir|uns)\b|\b(?:meine?n?|unser) (?:\w+ )?(?:stelle|job|vertrag|abfindung|geld|lohn|gehalt|zugang|bonus)\b|",
    r"\bpaguem?[- ](?:me|nos)\b|\b(?:me|nos) paguem?\b|\b(?:meu|minha) (?:emprego|contrato|rescisão|dinheiro|salário|acesso|vaga|bônus)\b)",
));
/// A sum without a currency: `50k`, `20 grand`.
static SUM: Pattern = Pattern::new(
    r"(?i)\b(?:pay|wire|transfer|send|give|want|demand|price|costs?|zahl\w*|überweis\w*|pag\w+|transfir\w+|quero|queremos|will)\b.{0,30}\b\d[\d.,']* ?(?:k|grand|mio|mil|million|thousand|tausend|milhões)\b",
);
/// What a writer who wants to hurt does to the things.
static DESTROY: Pattern = Pattern::new(concat!(
    r"(?i)(?:\b(?:i|we)(?:'ll| will| shall| am going to| are going to| can| could| would)?(?: just| also| then| simply)? (?:delete|wipe|erase|destroy|drop|encrypt|take down|shut down|burn|brick|corrupt|sabotage)\b|",
    r"\b(?:ich|wir) (?:werden? .{0,60}\b(?:löschen|zerstören|vernichten)|lösche[n]?|zerstöre[n]?|vernichte[n]?)\b|\b(?:lösche|zerstöre|vernichte)n? (?:ich|wir)\b|",
    r"\b(?:eu |nós )?(?:vou|vamos|irei|iremos) (?:apagar|deletar|destruir|excluir)\b|\b(?:apago|deleto|apagamos|deletamos|destruímos)\b)",
));
/// On what that hurts: no branch, no ticket, no account of a customer.
static VITAL: Pattern = Pattern::new(
    r"(?i)\b(?:data|files|code|repos?|repositor\w+|databases?|servers?|production|systems?|backups?|infrastructure|network|website|cluster|everything|it all|all of it|daten|dateien|\w*datenbank(?:en)?|server|systeme?|quellcode|alles|sicherungen|dados|arquivos|servidor\w*|sistemas?|código|backups?|tudo)\b",
);
/// Others who hear of it.
static TELL: Pattern = Pattern::new(concat!(
    r"(?i)\b(?:customers?|clients?|press|media|journalists?|newspapers?|everyone|everybody|the public|investors?|partners?|competitors?|rivals?|the world|kunden|presse|alle|öffentlichkeit|konkurrenz|clientes?|imprensa|todos|todo mundo|concorrentes?)\b.{0,20}",
    r"\b(?:hears?|knows?|learns?|finds? out|reads? (?:it|about|of)|gets? (?:it|them|everything|your)|be told|erfahr\w+|hör\w+|wissen|bekommen|vão saber|saber[áã]o?|ficar\w* sabendo|receber\w*)\b|",
    r"\b(?:we|i)(?:'ll| will)? (?:tell|inform|call|mail|write to|go to|talk to) (?:\w+ ){0,2}(?:customers?|clients?|press|media|journalists?|newspapers?|investors?|competitors?)\b",
));
/// Where anyone reads the things of the reader.
static SHOWN: Pattern = Pattern::new(concat!(
    r"(?i)(?:\byour .{0,20}\b(?:data|files?|documents?|code|databases?|mails?|emails?|designs?|secrets?|records?|lists?) (?:is|are|will|goes?|ends? up|lands?|appears?)\b.{0,30}\b(?:blog|leak site|(?:on|in) (?:the |our )?(?:web|internet|site)|forum|telegram|dark ?(?:net|web)|everywhere|online|public)\b|",
    r"\b(?:it|everything|it all|all of it|the (?:source )?code|the data(?:base)?|the files) (?:will be|will go|goes|go|is|lands|ends up)\b.{0,15}\b(?:github|telegram|blog|leak site|internet|the web|online|public|dark ?(?:net|web)|forum|press)\b|",
    r"\b(?:stehen|landen|sind|erscheinen) (?:ihre|eure) .{0,20}\b(?:daten|dateien|unterlagen|dokumente|mails)\b.{0,30}\b(?:blog|internet|netz|darknet|online|forum|öffentlich)\b|",
    r"\b(?:ihre|eure) .{0,20}\b(?:daten|dateien|unterlagen|dokumente)\b.{0,12}\b(?:stehen|landen|sind|erscheinen)\b.{0,30}\b(?:blog|internet|netz|darknet|online|forum|öffentlich)\b|",
    r"\b(?:seus?|suas?) .{0,20}\b(?:dados|arquivos|documentos|código)\b.{0,20}\b(?:estar[ãá]o?|estão|vão|aparece\w*|fica\w*)\b.{0,30}\b(?:blog|internet|site|fórum|online|públic\w+)\b)",
));
/// I or we publish: the words of those who hold something, in the languages that [`PUBLISH`] lacks.
static PUBLISHES: Pattern = Pattern::new(
    r"(?i)\b(?:eu (?:publico|divulgo|vazo|posto)|publico tudo|divulgo tudo|vazo tudo|(?:stelle|stellen) .{0,20}\b(?:alles|daten|dateien).{0,20}\b(?:ins? netz|online)|gebe[n]? .{0,20}\b(?:alles|daten|dateien) .{0,20}\bpresse)\b",
);

/// Adds the sentences that extort in plain words to `why`.
pub(super) fn find(sentences: &[&str], why: &mut Why) {
    let any = |pattern: &Pattern| sentences.iter().any(|sentence| pattern.is_in(sentence));
    let wages = any(&WAGES);
    let taken = any(&STOLEN) || any(&LOCKED) && !any(&GUARDED);
    let held = taken || any(&GONE) || (any(&HOLD) && !wages);
    let sum = sentences
        .iter()
        .any(|sentence| SUM.is_in(sentence) || (PAID.is_in(sentence) && names_amount(sentence)));
    let mut before = "";
    for sentence in sentences {
        let last = std::mem::replace(&mut before, sentence);
        let condition = ELSE.is_in(sentence);
        if !(condition || held || !why.threat.is_empty()) || ORDINARY.is_in(sentence) {
            continue;
        }
        let wanted = || {
            [sentence, last]
                .into_iter()
                .any(|one| MINE.is_in(one) || SUM.is_in(one))
        };
        let wanted = condition && wanted();
        let publishes = || PUBLISH.is_in(sentence) || PUBLISHES.is_in(sentence);
        if wanted && publishes() && DATA.is_in(sentence)
            || condition && (sum || wanted || taken) && SHOWN.is_in(sentence)
        {
            quote(&mut why.publish, sentence);
        }
        if wanted && SELL.is_in(sentence) && DATA.is_in(sentence) {
            quote(&mut why.sell, sentence);
        }
        let paid = || wanted || (PAID.is_in(sentence) && names_amount(sentence));
        let destroys = || DESTROY.is_in(sentence) && VITAL.is_in(sentence);
        let harms = condition && paid() && (destroys() || !wages && TELL.is_in(sentence));
        let presses = taken
            && (REACH.is_in(sentence) && PRESSED.is_in(sentence) || ULTIMATUM.is_in(sentence));
        if harms || presses {
            quote(&mut why.threat, sentence);
        }
        let at_stake = taken || !why.threat.is_empty();
        if held && PAY_UP.is_in(sentence) || at_stake && SUM.is_in(sentence) {
            quote(&mut why.payment, sentence);
        }
    }
}

/// A call to pay at the head of a clause: "wire 30,000 EUR", no report of a price.
static PAID: Pattern = Pattern::new(
    r"(?i)(?:^|[.,;:!–-]\s?|\b(?:and|now|please|so|to|must|you) )(?:pay|wire|transfer|send|zahlen|überweisen|paguem?|transfiram?)\b",
);

/// Whether a sentence hints by itself: a theft that is owned up to, or others who will hear of wages.
pub(super) fn hints(sentence: &str) -> bool {
    STOLEN.is_in(sentence) || ELSE.is_in(sentence) && TELL.is_in(sentence) && MINE.is_in(sentence)
}

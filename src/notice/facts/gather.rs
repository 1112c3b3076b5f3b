//! From the state of a case to facts: the only reader of the case among notices.

mod contacts;
mod doors;
mod due;
mod recorded;
mod trails;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{Company, Facts, Said, Standing};
use crate::case::event::{Evidence, Source};
use crate::case::state::{CaseState, FactRecord};
use crate::id::EvidenceId;
use crate::time::{Timestamp, utc};

pub use recorded::check;

/// The facts of a case as of `now`.
///
/// `recorded` are the facts of people, with the words that are kept apart. `company` counts only with the evidence that keeps it (`company_evidence`), because every fact
/// names its evidence. What a person recorded of the company in this case counts before it.
pub fn gather(
    state: &CaseState,
    recorded: &BTreeMap<String, FactRecord>,
    company: &Company,
    company_evidence: Option<&EvidenceId>,
    now: Timestamp,
    zone: &TimeZone,
) -> Facts {
    let mut facts = Facts {
        lines: state
            .evidence
            .iter()
            .map(|(id, evidence)| (id.clone(), line(evidence)))
            .collect(),
        ..Facts::default()
    };
    let opening: Vec<EvidenceId> = state.opening.iter().cloned().collect();
    let said = Saying {
        state,
        opening: &opening,
        now,
        zone,
    };
    company_facts(&mut facts, company, company_evidence);
    said.case(&mut facts);
    said.doors(&mut facts);
    said.trails(&mut facts);
    said.contacts(&mut facts);
    said.clocks(&mut facts);
    said.recorded(recorded, &mut facts);
    said.instants(&mut facts);
    facts
}

/// What gathering reads.
struct Saying<'a> {
    state: &'a CaseState,
    /// What the case was opened on, if it is kept.
    opening: &'a [EvidenceId],
    now: Timestamp,
    zone: &'a TimeZone,
}

/// Hash, time and source of a piece of evidence, on one line.
pub fn line(evidence: &Evidence) -> String {
    let source = match &evidence.source {
        Source::Exchange {
            method,
            url,
            status,
            ..
        } => {
            format!(
                "{method} {url} → {}",
                status.map_or_else(|| "no answer".to_owned(), |s| s.to_string())
            )
        }
        Source::File { name } => format!("file {name}"),
        Source::Webhook { source, .. } => format!("webhook {source}"),
        Source::Program { command, .. } => format!("program {}", command.join(" ")),
        Source::Derived { from, how } => format!("made from {} item(s): {how}", from.len()),
    };
    let line = format!(
        "sha256 {} at {}, {source}",
        evidence.sha256,
        utc(evidence.at)
    );
    crate::hostile::one_line(&line, 400)
}

fn company_facts(facts: &mut Facts, company: &Company, evidence: Option<&EvidenceId>) {
    let Some(evidence) = evidence else { return };
    for (key, value) in company.values() {
        let values = recorded::values(&key, &value, None, None, &TimeZone::UTC);
        facts.put(&key, values, vec![evidence.clone()], Standing::Fact);
    }
}

impl Saying<'_> {
    fn at(&self, at: Timestamp) -> Said {
        Said::At(at, self.zone.clone())
    }

    fn case(&self, facts: &mut Facts) {
        let state = self.state;
        let mut put = |key, values: Vec<Said>| {
            facts.put(key, values, self.opening.to_vec(), Standing::Fact);
        };
        let id = state.case.iter().map(|id| id.to_string().into());
        put("case.id", id.collect());
        put("case.title", vec![state.title.as_str().into()]);
        let opened = state.opened.iter().map(|at| self.at(*at));
        put("case.opened", opened.collect());
        put("case.as_of", vec![self.at(self.now)]);
        let emails = state.subject.emails.iter();
        put(
            "subject.emails",
            emails.map(|one| one.as_str().into()).collect(),
        );
        let name = state.subject.display_name.iter();
        put(
            "subject.name_used",
            name.map(|one| one.as_str().into()).collect(),
        );
        self.sanctions(facts);
        let accounts = state.accounts.iter().map(|account| {
            let linked = (state.candidates.values().flatten())
                .filter(|candidate| candidate.account == *account)
                .flat_map(|candidate| &candidate.reasons)
                .map(|reason| reason.evidence.clone());
            let args = vec![
                ("provider", account.provider.as_str().into()),
                ("login", account.login.as_str().into()),
            ];
            (Said::Phrase("accounts.one", args), linked.collect())
        });
        facts.put_each("accounts.list", accounts, Standing::Inference);
    }

    fn sanctions(&self, facts: &mut Facts) {
        let Some(hold) = &self.state.sanctions_hold else {
            let none = vec![Said::words("sanctions.none")];
            facts.put(
                "sanctions.hold",
                none,
                self.opening.to_vec(),
                Standing::Fact,
            );
            return;
        };
        let demands = self.state.contacts.iter().filter(|contact| contact.demand);
        let evidence = demands.flat_map(|contact| contact.evidence.clone());
        let evidence = evidence.chain(self.opening.iter().cloned()).take(1);
        let hold = Said::Phrase("sanctions.hold", vec![("reason", hold.as_str().into())]);
        facts.put("sanctions.hold", vec![hold], evidence, Standing::Fact);
    }
}

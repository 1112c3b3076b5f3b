//! Whom a case may be about too: recorded by a person, kept out of the case from then on, and left alone.

use super::desk::Desk;
use crate::case::event::Event;
use crate::case::state::{CaseState, LeadRecord};
use crate::case::subject::Subject;
use crate::fault::{Fault, Result};
use crate::id::LeadId;
use crate::providers;

impl Desk {
    /// Records that the case may be about somebody else too. From now on they neither see it nor decide
    /// in it, no alert or notice of it goes to them, and no account of theirs becomes part of it: what is
    /// done to them needs a case of their own.
    ///
    /// # Errors
    /// Nothing says who it is, an account is at no provider that there is, or it is the person under
    /// review.
    pub async fn record_lead(&self, person: Subject, reason: &str) -> Result<LeadRecord> {
        // No account would ever match one at a provider that does not exist, and it would protect nobody.
        for account in &person.accounts {
            providers::named(&account.provider)?;
        }
        let lead = LeadId::fresh();
        let event = Event::LeadRecorded {
            lead: lead.clone(),
            person: person.clone(),
            reason: reason.to_owned(),
        };
        let decide = |state: &CaseState| {
            let cannot = |why| {
                Fault::input("lead", format!("This cannot be a lead: {why}."))
                    .hint("name a work address, a worker id, or an account at a provider")
            };
            state.may_be_lead(&person).map_err(cannot)?;
            Ok(vec![event])
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        self.lead(&lead)
    }

    /// Records that a lead came to nothing: the person is kept out no more.
    ///
    /// # Errors
    /// No such lead stands.
    pub async fn dismiss_lead(&self, lead: &LeadId, reason: &str) -> Result<LeadRecord> {
        let event = Event::LeadDismissed {
            lead: lead.clone(),
            reason: reason.to_owned(),
        };
        let case = self.log.case();
        let decide = |state: &CaseState| {
            let cannot = |why| {
                Fault::input("no-lead", format!("Nothing is dismissed: {why}."))
                    .hint(format!("see them with `cordon case leads {case}`"))
            };
            let stands = state.stands_as_lead(lead).map_err(cannot);
            stands.map_err(|fault| fault.at(lead))?;
            Ok(vec![event])
        };
        self.log.append_if(&self.by, Vec::new(), decide).await?;
        self.lead(lead)
    }

    fn lead(&self, lead: &LeadId) -> Result<LeadRecord> {
        let find = |state: &CaseState| {
            let mut leads = state.leads.iter();
            leads.find(|record| record.lead == *lead).cloned()
        };
        let gone = || Fault::failed("no-lead", "The lead is not in the log.");
        self.log.read(find).ok_or_else(gone)
    }
}

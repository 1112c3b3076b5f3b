//! Whom a case may be about too: kept out of it as the person under review is, and left alone.

use super::CaseState;
use super::check::need;
use crate::case::alias::{compared, folded};
use crate::case::event::{Actor, Entry, Event, Person};
use crate::case::subject::{KnownAccount, Subject};
use crate::id::LeadId;
use crate::provider::Account;
use crate::time::Timestamp;

/// Somebody whom the case may be about too, as a person recorded it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct LeadRecord {
    /// Its id.
    pub lead: LeadId,
    /// What is known of them. Hostile text.
    pub person: Subject,
    /// Why they may be. Hostile text.
    pub reason: String,
    /// Who recorded it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why it came to nothing. Hostile text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dismissed: Option<String>,
}

impl CaseState {
    /// Whether an event may change who is a lead.
    pub(super) fn rule_leads(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::LeadRecorded { lead, person, .. } => {
                let known = self.leads.iter().any(|record| record.lead == *lead);
                need(!known, "this id of a lead was used before")?;
                self.may_be_lead(person)
            }
            Event::LeadDismissed { lead, .. } => self.stands_as_lead(lead),
            Event::IdentityChosen { account, .. } => {
                self.is_nobody_elses(account, &self.shown_for(account))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn apply_leads(&mut self, entry: &Entry) {
        match &entry.event {
            Event::LeadRecorded {
                lead,
                person,
                reason,
            } => self.leads.push(LeadRecord {
                lead: lead.clone(),
                person: person.clone(),
                reason: reason.clone(),
                by: entry.by.clone(),
                at: entry.at,
                dismissed: None,
            }),
            Event::LeadDismissed { lead, reason } => {
                let mut leads = self.leads.iter_mut();
                if let Some(record) = leads.find(|record| record.lead == *lead) {
                    record.dismissed = Some(reason.clone());
                }
            }
            _ => {}
        }
    }

    /// Whether somebody can be a lead: they are named, and are not the person under review.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_be_lead(&self, person: &Subject) -> Result<(), String> {
        need(!person.names_nobody(), "a lead has to name somebody")?;
        let theirs: Vec<String> = self.keys_of_subject().collect();
        let mut keys = compared(&person.worker_id).chain(person.addresses());
        let key = keys.find(|key| theirs.contains(key));
        let account = (person.accounts.iter()).find(|account| self.is_subjects(account));
        let login = account.map(|account| account.login.clone());
        match key.or(login) {
            Some(name) => Err(format!(
                "`{}` is the account holder's, and a lead is somebody else",
                name.escape_debug()
            )),
            None => Ok(()),
        }
    }

    /// Whether an account was named or chosen as the person's under review.
    fn is_subjects(&self, account: &KnownAccount) -> bool {
        let named = self.subject.accounts.iter();
        let named = named.map(|one| (&one.provider, &one.login));
        let chosen = self.accounts.iter();
        let chosen = chosen.map(|one| (&one.provider, &one.login));
        named
            .chain(chosen)
            .any(|(provider, login)| account.is_login(provider, login))
    }

    /// Whether a lead was recorded and not dismissed.
    ///
    /// # Errors
    /// The reason why not.
    pub fn stands_as_lead(&self, lead: &LeadId) -> Result<(), String> {
        let mut standing = self.standing_leads();
        let stands = standing.any(|record| record.lead == *lead);
        need(stands, "no such lead stands")
    }

    /// The leads that nobody dismissed.
    pub fn standing_leads(&self) -> impl Iterator<Item = &LeadRecord> {
        self.leads.iter().filter(|lead| lead.dismissed.is_none())
    }

    /// The lead that a person of the roster is. As with the person under review, a match that is missed
    /// weighs more than one that two people share.
    pub(super) fn lead_of(&self, person: &Person) -> Option<&LeadRecord> {
        let called: Vec<String> = super::people::names(person).collect();
        self.standing_leads()
            .find(|lead| lead.person.names().any(|name| called.contains(&name)))
    }

    /// Whether an account, with the addresses that its provider shows for it, is not that of a lead: what
    /// is done to one needs a case of its own.
    ///
    /// # Errors
    /// Whose it is.
    pub fn is_nobody_elses(&self, account: &Account, emails: &[String]) -> Result<(), String> {
        let login = folded(&account.login);
        let shown: Vec<String> = compared(emails).chain([login]).collect();
        let is = |person: &Subject| {
            let mut accounts = person.accounts.iter();
            accounts.any(|one| one.is_login(&account.provider, &account.login))
                || person.addresses().any(|address| shown.contains(&address))
        };
        match self.standing_leads().find(|lead| is(&lead.person)) {
            Some(lead) => Err(format!(
                "the account is that of {}, and what is done to a lead needs a case of its own",
                lead.lead
            )),
            None => Ok(()),
        }
    }

    /// The addresses that its provider shows for an account, as far as it was found.
    fn shown_for(&self, account: &Account) -> Vec<String> {
        let found = self.candidates.values().flatten();
        let found = found.filter(|candidate| candidate.account == *account);
        found
            .flat_map(|candidate| candidate.emails.clone())
            .collect()
    }
}

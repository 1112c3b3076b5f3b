//! Who may decide in a case, and whose accounts it is about.

use super::{CaseState, GateRecord, NoticeRecord, RunPhase};
use crate::case::alias::{addresses, compared, folded};
use crate::case::event::{Person, Signed};
use crate::id::NoticeId;
use crate::plan::{Step, Task};
use crate::provider::Account;
use crate::time::Timestamp;

impl CaseState {
    /// Whether a person may decide: on the roster, with one of `roles` where some are asked for, and
    /// not the person under review.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_decide(&self, roles: Option<&[String]>, person: &str) -> Result<(), String> {
        let person = self
            .person(person)
            .ok_or("the person is not on the roster")?;
        if let Some(roles) = roles
            && !person.roles.iter().any(|role| roles.contains(role))
        {
            let roles = roles.join(" or ");
            return Err(format!("the person has no role that may approve: {roles}"));
        }
        if self.scope.excluded.contains(&person.name) {
            return Err("the person was excluded from this case".to_owned());
        }
        if let Some(only) = &self.scope.only
            && !only.contains(&person.name)
        {
            return Err("the case is restricted to others".to_owned());
        }
        if self.lead_of(person).is_some() {
            return Err("the case may be about the person too".to_owned());
        }
        match self.known_as(person) {
            None => Ok(()),
            Some(name) => Err(format!(
                "nobody decides about their own case, and `{}` is known of the account holder",
                name.escape_debug()
            )),
        }
    }

    /// The people of the roster who may decide and have not approved yet, by name.
    pub fn may_still_decide(&self, roles: Option<&[String]>, approvals: &[Signed]) -> Vec<String> {
        let able = self.people.iter().filter(|person| {
            self.may_decide(roles, &person.name).is_ok()
                && approvals.iter().all(|signed| signed.person != person.name)
                && self.not_again(approvals, &person.name).is_ok()
        });
        able.map(|person| person.name.clone()).collect()
    }

    /// Whether a person of the roster is the person under review.
    pub fn is_subject(&self, person: &Person) -> bool {
        self.known_as(person).is_some()
    }

    /// By which name, address or login the case knows a person of the roster as the person under
    /// review. One that two people share costs another approver; a match that is missed would let
    /// somebody decide about themself.
    fn known_as(&self, person: &Person) -> Option<String> {
        let known: Vec<String> = self.names_of_subject().collect();
        names(person).find(|name| known.contains(name))
    }

    /// By what the person under review is known, as it is compared.
    fn names_of_subject(&self) -> impl Iterator<Item = String> {
        self.subject.names().chain(self.shown_of_subject())
    }

    /// The worker id and every address of the person under review, as they are compared.
    pub(super) fn keys_of_subject(&self) -> impl Iterator<Item = String> {
        compared(&self.subject.worker_id)
            .chain(self.subject.addresses())
            .chain(self.shown_of_subject())
    }

    /// The address and login of each chosen account, as the providers show them and as they are compared.
    fn shown_of_subject(&self) -> impl Iterator<Item = String> {
        let candidates = self.candidates.values().flatten();
        let shown = candidates
            .filter(|candidate| self.accounts.contains(&candidate.account))
            .flat_map(|candidate| &candidate.emails);
        let chosen = self.accounts.iter().map(|account| &account.login);
        compared(chosen.chain(shown))
    }

    /// Whether a notice may go to an address: not to the person under review, not to whoever is kept out,
    /// and not to whoever has made contact. Others that such a message names are somebody's of ours only
    /// when the roster knows them or their domain.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may_receive(&self, to: &str) -> Result<(), String> {
        let named = destinations(to);
        let mut subject = self.subject.addresses().chain(self.shown_of_subject());
        if subject.any(|known| named.contains(&known)) {
            return Err(refused(to, "the account holder"));
        }
        let leads = self.standing_leads();
        if leads
            .flat_map(|lead| lead.person.addresses())
            .any(|known| named.contains(&known))
        {
            return Err(refused(to, "somebody whom the case may be about too"));
        }
        self.goes_to_nobody_out(to, &self.people)?;
        let able = self.people.iter().filter(|person| !self.keeps_out(person));
        let roster: Vec<String> = able.flat_map(|person| compared(&person.emails)).collect();
        let domain = |address: &str| {
            address
                .rsplit_once('@')
                .map(|(_, domain)| domain.to_owned())
        };
        let ours = |address: &String| {
            let known = |one: &String| domain(one).is_some() && domain(one) == domain(address);
            roster.iter().any(known)
        };
        for contact in &self.contacts {
            let from = addresses(&contact.from);
            let went: Vec<String> = contact.to.iter().flat_map(|one| addresses(one)).collect();
            let (theirs, others) = if contact.direction == "out" {
                (went, from)
            } else {
                (from, went)
            };
            let others = others.into_iter().filter(|other| !ours(other));
            if theirs
                .into_iter()
                .chain(others)
                .any(|one| named.contains(&one))
            {
                let whose = "an address that a recorded contact is from or to";
                return Err(refused(to, whose));
            }
        }
        Ok(())
    }

    /// Whether what is sent to an address goes to nobody among `people` who is kept out of the case. The
    /// case has the roster of its opening; whoever knows a later one asks about that too.
    ///
    /// # Errors
    /// The reason why not.
    pub fn goes_to_nobody_out(&self, to: &str, people: &[Person]) -> Result<(), String> {
        let named = destinations(to);
        let mut out = people.iter().filter(|person| self.keeps_out(person));
        let theirs = |person: &Person| {
            let logins = person.logins.iter().filter(|login| login.contains('@'));
            compared(person.emails.iter().chain(logins)).any(|known| named.contains(&known))
        };
        if out.any(theirs) {
            return Err(refused(to, "somebody who is kept out of the case"));
        }
        Ok(())
    }

    /// How many approvals of a gate are of people who may decide there still.
    pub fn approvals_standing(&self, gate: &GateRecord) -> usize {
        let able = |person: &str| self.may_decide(Some(&gate.roles), person).is_ok();
        let standing = |signed: &&Signed| able(&signed.person);
        gate.approvals.iter().filter(standing).count()
    }

    /// How many approvals of a notice have not run out at an instant, and are of people who have to do with
    /// the case still.
    pub fn approved_at(&self, record: &NoticeRecord, at: Timestamp) -> usize {
        let standing = |signed: &&Signed| {
            signed.expires().is_some_and(|expires| at < expires) && !self.is_out(&signed.person)
        };
        record.approvals.iter().filter(standing).count()
    }

    /// One person decides once, whatever the roster calls them: by the key, and by every address and
    /// login.
    pub(super) fn not_again(&self, approvals: &[Signed], person: &str) -> Result<(), String> {
        let Some(person) = self.person(person) else {
            return Ok(());
        };
        let key = |person: &Person| person.key.split_whitespace().nth(1).map(str::to_owned);
        let others = approvals.iter().filter(|other| other.person != person.name);
        for other in others.filter_map(|other| self.person(&other.person)) {
            if key(person).is_some() && key(person) == key(other) {
                return Err("the same key has approved before, under another name".to_owned());
            }
            if aliases(person).any(|alias| aliases(other).any(|known| known == alias)) {
                return Err("the same address has approved before, under another name".to_owned());
            }
        }
        Ok(())
    }

    /// Whether two names of the roster are one person's: by the key, or by an address or login.
    pub(super) fn is_another_name_of(&self, one: &str, other: &str) -> bool {
        let Some((one, other)) = self.person(one).zip(self.person(other)) else {
            return false;
        };
        let key = |person: &Person| person.key.split_whitespace().nth(1).map(str::to_owned);
        let keys = key(one).is_some() && key(one) == key(other);
        keys || aliases(one).any(|alias| aliases(other).any(|known| known == alias))
    }

    /// An approval that has run out, or whose signature does not hold, is given anew.
    pub(super) fn approve(&mut self, notice: &NoticeId, signed: &Signed) {
        if let Some(record) = self.notices.get_mut(notice) {
            record.approvals.retain(|old| old.person != signed.person);
            record.approvals.push(signed.clone());
        }
    }

    /// A new draft takes the place of every earlier one of its template. The order of the log decides,
    /// not that of the ids, which a clock that was set back could turn round.
    pub(super) fn replace(&mut self, template: &str, by: &NoticeId) {
        for record in self.notices.values_mut() {
            if record.template == template {
                record.replaced_by = Some(by.clone());
            }
        }
    }

    fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|known| known.name == name)
    }

    /// Whether an account can be taken back.
    pub(super) fn may_withdraw(&self, account: &Account) -> Result<(), String> {
        if !self.accounts.contains(account) {
            return Err("the account was not chosen".to_owned());
        }
        if self.is_touched(account) {
            return Err("a step has touched a door of this account".to_owned());
        }
        if self.works_on(account) {
            return Err("a run is under way that works on this account".to_owned());
        }
        Ok(())
    }

    /// Whether a close of one of its doors was begun and not undone.
    pub fn is_touched(&self, account: &Account) -> bool {
        let doors = self.doors.values().filter(|door| door.door.is_of(account));
        doors
            .into_iter()
            .any(|door| door.undoing || (door.touched && !door.undone))
    }

    /// Whether a run is under way whose steps read or close something of the account.
    pub fn works_on(&self, account: &Account) -> bool {
        let about = |step: &&Step| match &step.task {
            Task::Close { door, .. } => {
                let door = self.doors.get(door);
                door.is_some_and(|record| record.door.is_of(account))
            }
            Task::Snapshot { account: of, .. } => of == account,
            _ => false,
        };
        let steps = self.plan.iter().flat_map(|(plan, _)| &plan.steps);
        self.run == RunPhase::Running
            && steps.filter(about).any(|step| {
                let record = self.steps.get(&step.id);
                record.is_none_or(|record| record.outcome.is_none())
            })
    }

    /// The account and its doors are no part of the case any more.
    pub(super) fn withdraw(&mut self, account: &Account) {
        self.accounts.retain(|known| known != account);
        self.withdrawn.retain(|known| known != account);
        self.withdrawn.push(account.clone());
        self.inventories.retain(|(known, ..)| known != account);
        self.inventory_failures
            .retain(|(known, _)| known != account);
        self.doors.retain(|_, record| !record.door.is_of(account));
    }
}

impl NoticeRecord {
    /// How many approvals are missing when `approvals` of them count.
    pub fn lacks(&self, approvals: usize) -> usize {
        let people = self.approval.as_ref().map_or(1, |of| of.people);
        usize::try_from(people)
            .unwrap_or(usize::MAX)
            .saturating_sub(approvals)
    }

    /// Whether it is the draft of its template that counts.
    pub(super) fn stands(&self) -> Result<(), String> {
        match &self.replaced_by {
            None => Ok(()),
            Some(later) => Err(format!("the draft was replaced by {later}")),
        }
    }
}

/// Where what is sent `to` goes, as addresses and logins are compared.
fn destinations(to: &str) -> Vec<String> {
    let mut all = addresses(to);
    all.push(folded(to));
    all
}

fn refused(to: &str, whose: &str) -> String {
    format!("a notice never goes to {whose}: `{}`", to.escape_debug())
}

/// Every address and login of a person, as they are compared.
fn aliases(person: &Person) -> impl Iterator<Item = String> {
    compared(person.emails.iter().chain(&person.logins))
}

/// By what a person of the roster is known, as it is compared: the name, what the comment of the key
/// says, and every address and login.
pub(super) fn names(person: &Person) -> impl Iterator<Item = String> {
    let comment = person.key.split_whitespace().skip(2);
    let comment = comment.collect::<Vec<_>>().join(" ");
    let first = comment.split(' ').next().unwrap_or_default().to_owned();
    [folded(&person.name), folded(&comment), folded(&first)]
        .into_iter()
        .chain(addresses(&comment))
        .chain(aliases(person))
}

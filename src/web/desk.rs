//! How a page acts on a case: at the same desk as the command line, for as short as possible.

use std::sync::Arc;

use serde::Deserialize;

use super::Web;
use super::look::blocking;
use super::shelf::Case;
use super::visit::Visit;
use crate::access::{Ability, Principal, Role, Via, no_case};
use crate::app::reader::Reader;
use crate::app::{Desk, Hand};
use crate::case::event::{Actor, Evidence};
use crate::fault::{Fault, Result};
use crate::id::{CaseId, NoticeId};

/// The longest reason that a form takes, characters.
const REASON: usize = 2000;

impl Web {
    /// The desk of a case, for somebody who may do something in it. Who may not is refused before the
    /// store is taken, and again on the state that is changed. Waits for the disk.
    ///
    /// # Errors
    /// As [`Web::look`]; `store-owned` while another process works on the case.
    pub(super) fn desk(
        &self,
        principal: &Principal,
        id: &CaseId,
        ability: Ability,
    ) -> Result<Desk> {
        principal.may(ability, &*self.state(id)?)?;
        let by = Actor::Person(principal.person.name.clone());
        let desk = self.app.desk_by(id.as_str(), by)?;
        desk.log.read(|state| principal.may(ability, state))?;
        Ok(desk)
    }

    /// Does something at the desk of a case.
    ///
    /// # Errors
    /// As [`Web::desk`]; `case-busy` while somebody else works on the case.
    pub(super) async fn act<T: Send + 'static>(
        self: &Arc<Self>,
        visit: &Visit,
        id: &str,
        ability: Ability,
        deed: impl AsyncFnOnce(&Desk) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let runtime = tokio::runtime::Handle::current();
        // Also where nobody waits for the answer any more: what was begun is finished.
        self.at_desk(visit, id, ability, move |desk| {
            runtime.block_on(async {
                let done = deed(desk).await?;
                desk.finish().await?;
                Ok(done)
            })
        })
        .await
    }

    /// Reads at the desk of a case what the ledger does not hold.
    ///
    /// # Errors
    /// As [`Web::desk`].
    pub(super) async fn at_desk<T: Send + 'static>(
        self: &Arc<Self>,
        visit: &Visit,
        id: &str,
        ability: Ability,
        read: impl FnOnce(&Desk) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (web, visit, id) = (Arc::clone(self), visit.clone(), id.to_owned());
        blocking(move || {
            let id: CaseId = id.parse().map_err(|_| no_case())?;
            read(&web.desk(&visit.principal, &id, ability)?)
        })
        .await
    }
}

impl Web {
    /// Reads a notice for somebody who may read it: from what was read before where that is all, so that
    /// a page need not open the store. Refused before a text is read.
    ///
    /// # Errors
    /// As [`Web::look`]; [`may_read`]; `store-owned` while another process works on the case.
    pub(super) async fn read_notice<T: Send + 'static>(
        self: &Arc<Self>,
        visit: &Visit,
        id: &str,
        notice: &NoticeId,
        read: impl FnOnce(Reader<'_>, &NoticeId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let notice = notice.clone();
        self.look(visit, id, Ability::SeeCase, move |look| {
            let principal = &look.visit.principal;
            let kept = Case::new(look.web, look.id, principal);
            let case = look.web.app.reader(look.id, look.state, &kept);
            may_read(principal, &case, &notice)?;
            read(case, &notice)
        })
        .await
    }

    /// Makes something of a notice at the desk of its case, for somebody who may read it.
    ///
    /// # Errors
    /// As [`Web::desk`]; [`may_read`].
    pub(super) async fn at_notice<T: Send + 'static>(
        self: &Arc<Self>,
        visit: &Visit,
        id: &str,
        notice: &NoticeId,
        make: impl FnOnce(&Desk, &NoticeId) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (principal, notice) = (visit.principal.clone(), notice.clone());
        self.at_desk(visit, id, Ability::SeeCase, move |desk| {
            desk.read(|case| may_read(&principal, &case, &notice))?;
            make(desk, &notice)
        })
        .await
    }
}

/// Whether somebody may read a notice: one that is privileged, or that others may not be told of, is for
/// who counsels, for who approves it, and for the roles of its list.
///
/// # Errors
/// They may not; there is no such notice.
pub(super) fn may_read(principal: &Principal, case: &Reader<'_>, notice: &NoticeId) -> Result<()> {
    let record = case.draft(notice)?;
    let Ok(about) = crate::notice::about(&record.template) else {
        // Its template is gone: what was kept as counsel's stays so.
        return may_have(principal, case.evidence(&record.evidence)?);
    };
    let listed = |role: &Role| about.lists(role.name());
    let open = !about.is_restricted()
        || principal.has(Ability::Counsel)
        || principal.roles().iter().any(listed);
    if open {
        return Ok(());
    }
    let what = if about.is_privileged() {
        "This notice is privileged: it is for the people of its list."
    } else {
        "This notice is confidential: telling others of it can be an offence. It is for the people of its list."
    };
    Err(Fault::input("may-not", what)
        .hint(format!("roles that may: {}", about.distribution.join(", "))))
}

/// Whether somebody may have the bytes of an item: what is counsel's is read through its notice.
///
/// # Errors
/// They may not.
pub(super) fn may_have(principal: &Principal, evidence: &Evidence) -> Result<()> {
    if !evidence.privileged || principal.has(Ability::Counsel) {
        return Ok(());
    }
    let what = "This evidence is privileged: it is for counsel.";
    Err(Fault::input("may-not", what).hint("ask counsel, or read the notice that it is part of"))
}

/// The hand that signs for somebody who is signed in.
///
/// # Errors
/// They came with a token: a decision is a person's.
pub(super) fn hand(visit: &Visit) -> Result<Hand<'_>> {
    match &visit.principal.via {
        Via::Session(session) => Ok(Hand::Session(session)),
        Via::Token { .. } => Err(Fault::input(
            "may-not",
            "A decision is made by a person who signed in, not by a token.",
        )),
    }
}

/// A form that asks for nothing but a reason.
#[derive(Debug, Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    reason: String,
}

impl Why {
    /// The reason.
    ///
    /// # Errors
    /// As [`reason`].
    pub(super) fn said(&self) -> Result<String> {
        reason(&self.reason)
    }
}

/// A reason as somebody wrote it into a form.
///
/// # Errors
/// There is none, or it is too long.
pub(super) fn reason(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::input("no-reason", "This needs a reason.")
            .hint("go back, and say in one sentence why"));
    }
    if text.chars().count() > REASON {
        let what = format!("The reason is longer than {REASON} characters.");
        return Err(Fault::input("reason-long", what).hint("go back, and say it in short"));
    }
    Ok(text.to_owned())
}

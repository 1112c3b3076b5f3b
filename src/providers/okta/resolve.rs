//! From the person under review to accounts: several look-ups find ids, one read by id says what is
//! true. The search index is eventually consistent, so a hit of it is never a reason by itself.

use std::collections::BTreeSet;

use super::Okta;
use super::api::{Read, quoted};
use super::kinds::SPEC;
use super::model::{Status, User, label};
use crate::case::subject::Subject;
use crate::fault::Result;
use crate::id::EvidenceId;
use crate::provider::{Account, Candidate, Confidence, Cx, Reason};

/// Every account for which at least one reason speaks.
pub(super) async fn candidates(
    okta: &Okta,
    subject: &Subject,
    cx: Cx<'_>,
) -> Result<Vec<Candidate>> {
    let mut ids = BTreeSet::new();
    for login in named(subject).chain(subject.emails.iter().map(String::as_str)) {
        ids.extend(by_login(okta, login, cx).await?);
    }
    for email in &subject.emails {
        let text = quoted(email)?;
        let search = format!(
            "profile.login eq {text} or profile.email eq {text} or profile.secondEmail eq {text}"
        );
        ids.extend(by_search(okta, &search, cx).await?);
    }
    if let Some(worker) = &subject.worker_id {
        let search = format!("profile.employeeNumber eq {}", quoted(worker)?);
        ids.extend(by_search(okta, &search, cx).await?);
    }
    judged(okta, subject, &ids, cx).await
}

fn named(subject: &Subject) -> impl Iterator<Item = &str> {
    subject
        .accounts
        .iter()
        .filter(|account| account.provider == SPEC.name)
        .map(|account| account.login.as_str())
}

/// `GET /users/{login}`: an id, a login, or (with Okta) an unambiguous short form of one, which is
/// why the reasons are computed from what came back and not from what was asked.
async fn by_login(okta: &Okta, login: &str, cx: Cx<'_>) -> Result<Option<String>> {
    // `me` is ourselves; a slash cannot stand in the path, such a login is found by the search.
    if login.len() < 3
        || login.contains('/')
        || login == ".."
        || login.chars().any(char::is_control)
    {
        return Ok(None);
    }
    match okta.api.read::<User>(&["users", login], cx).await? {
        Read::Found(user, _) => Ok(Some(user.id)),
        Read::Gone(_) => Ok(None),
        // Not a login that Okta could have.
        Read::Denied(denied) if denied.status == 400 => Ok(None),
        Read::Denied(denied) => Err(okta.refused("look up accounts", &denied)),
    }
}

async fn by_search(okta: &Okta, search: &str, cx: Cx<'_>) -> Result<Vec<String>> {
    let mut url = okta.api.url(&["users"])?;
    url.query_pairs_mut()
        .append_pair("search", search)
        .append_pair("limit", "50");
    let listing = okta.api.list::<User>("accounts that match", url, cx).await;
    if let Some(denied) = &listing.denied {
        return Err(okta.refused("search for accounts", denied));
    }
    Ok(listing.rows.into_iter().map(|row| row.value.id).collect())
}

async fn judged(
    okta: &Okta,
    subject: &Subject,
    ids: &BTreeSet<String>,
    cx: Cx<'_>,
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for id in ids {
        let (user, evidence) = match okta.user(id, cx).await? {
            Read::Found(user, evidence) => (user, evidence),
            // The search index showed an account that is gone.
            Read::Gone(_) => continue,
            Read::Denied(denied) => return Err(okta.refused("read an account", &denied)),
        };
        let reasons = reasons(&user, subject, &evidence);
        if !reasons.is_empty() {
            let profile = &user.profile;
            let emails = [
                Some(&profile.login),
                profile.email.as_ref(),
                profile.second_email.as_ref(),
            ];
            let emails = emails
                .into_iter()
                .flatten()
                .filter(|email| email.contains('@'));
            let emails: BTreeSet<String> = emails.map(|email| label(email)).collect();
            found.push(Candidate {
                account: Account {
                    provider: SPEC.name.to_owned(),
                    id: user.id,
                    login: label(&user.profile.login),
                },
                reasons,
                emails: emails.into_iter().collect(),
            });
        }
    }
    Ok(found)
}

/// Whether two keys are the same; Okta compares logins and addresses without regard to case.
fn same(a: &str, b: &str) -> bool {
    !a.is_empty() && a.to_lowercase() == b.to_lowercase()
}

fn reasons(user: &User, subject: &Subject, evidence: &EvidenceId) -> Vec<Reason> {
    let profile = &user.profile;
    let known = |address: &str| subject.emails.iter().any(|email| same(email, address));
    let number = profile.employee_number.as_deref().unwrap_or_default();
    let other_number = subject
        .worker_id
        .as_deref()
        .is_some_and(|worker| !number.is_empty() && !same(worker, number));
    let mut found: Vec<(String, Confidence)> = Vec::new();
    if named(subject).any(|name| same(name, &profile.login) || name == user.id) {
        found.push((
            "An operator named this account.".into(),
            Confidence::Confirmed,
        ));
    }
    if known(&profile.login) {
        // An address that was given to someone else since is the classic wrong person.
        found.push(if other_number {
            let why =
                "Its login is the work address, but its employee number is another worker id.";
            (why.into(), Confidence::Likely)
        } else {
            (
                "Its login is the work address.".into(),
                Confidence::Confirmed,
            )
        });
    } else if known(profile.email.as_deref().unwrap_or_default()) {
        let why = if other_number {
            "Its primary address is the work address, but its employee number is another worker id."
        } else {
            "Its primary address is the work address; its login is not."
        };
        found.push((why.into(), Confidence::Likely));
    }
    if known(profile.second_email.as_deref().unwrap_or_default()) {
        let why =
            "Its second address is the work address; the account holder can set that address.";
        found.push((why.into(), Confidence::Likely));
    }
    if subject
        .worker_id
        .as_deref()
        .is_some_and(|worker| same(worker, number))
    {
        let addressed =
            known(&profile.login) || known(profile.email.as_deref().unwrap_or_default());
        let why = if addressed || subject.emails.is_empty() {
            "Its employee number is the worker id."
        } else {
            "Its employee number is the worker id, but HR does not know its address: the id may have been used twice."
        };
        found.push((why.into(), Confidence::Likely));
    }
    found
        .into_iter()
        .map(|(why, confidence)| Reason {
            why: with_status(why, user),
            confidence,
            evidence: evidence.clone(),
        })
        .collect()
}

fn with_status(mut why: String, user: &User) -> String {
    if user.status != Status::Active {
        why.push_str(" The account is ");
        why.push_str(user.status.word());
        why.push('.');
    }
    if let Some(master) = user.foreign_master() {
        why.push_str(" It is mastered by ");
        why.push_str(&label(master));
        why.push('.');
    }
    why
}

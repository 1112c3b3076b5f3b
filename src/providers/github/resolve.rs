//! Which accounts may be the subject's. Addresses, the identity provider's links and logins that an
//! operator named; never the display name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::User;
use super::api::{Desk, Miss, Need, answered};
use crate::case::subject::Subject;
use crate::fault::{Fault, Result};
use crate::http::Reply;
use crate::id::EvidenceId;
use crate::provider::{Account, Candidate, Confidence, Reason};

/// The links that the identity provider made, for an organization.
const LINKS_OF_ORG: &str = "query($owner:String!,$mail:String!){owner:organization(login:$owner){samlIdentityProvider{externalIdentities(first:10,userName:$mail){nodes{samlIdentity{nameId}scimIdentity{username}user{login databaseId}}}}}}";

/// The same, for an enterprise.
const LINKS_OF_ENTERPRISE: &str = "query($owner:String!,$mail:String!){owner:enterprise(slug:$owner){ownerInfo{samlIdentityProvider{externalIdentities(first:10,userName:$mail){nodes{samlIdentity{nameId}scimIdentity{username}user{login databaseId}}}}}}}";

/// Members with their addresses on domains that the organization has verified.
const MEMBERS: &str = "query($owner:String!,$after:String){organization(login:$owner){membersWithRole(first:100,after:$after){pageInfo{hasNextPage endCursor}nodes{login databaseId organizationVerifiedDomainEmails(login:$owner)}}}}";

/// The most pages of members that are looked through.
const MEMBER_PAGES: u32 = 300;

/// What was found so far.
#[derive(Default)]
struct Found {
    candidates: BTreeMap<u64, Candidate>,
    /// How many sources answered, and what the others said.
    answered: u32,
    silent: Vec<String>,
}

impl Found {
    fn add(&mut self, user: &User, why: String, confidence: Confidence, evidence: &EvidenceId) {
        let candidate = self.candidates.entry(user.id).or_insert_with(|| Candidate {
            account: Account {
                provider: super::SPEC.name.to_owned(),
                id: user.id.to_string(),
                login: user.login.clone(),
            },
            reasons: Vec::new(),
            emails: Vec::new(),
        });
        candidate.reasons.push(Reason {
            why,
            confidence,
            evidence: evidence.clone(),
        });
    }

    /// Addresses that GitHub shows of a candidate.
    fn shows(&mut self, user: &User, emails: impl IntoIterator<Item = String>) {
        let Some(candidate) = self.candidates.get_mut(&user.id) else {
            return;
        };
        for email in emails {
            if email.contains('@') && !candidate.emails.contains(&email) {
                candidate.emails.push(email);
            }
        }
    }

    /// The answer when it is one that can be read; what else came is remembered.
    fn heard(&mut self, what: &str, answer: Result<Reply, Miss>) -> Result<Option<Reply>> {
        match answer {
            Ok(reply) if reply.status == http::StatusCode::OK => {
                self.answered += 1;
                Ok(Some(reply))
            }
            Ok(reply) => {
                if reply.status == http::StatusCode::NOT_FOUND {
                    self.answered += 1;
                }
                self.silent.push(answered(&reply, what));
                Ok(None)
            }
            Err(miss) => {
                self.silent.push(miss.sentence()?);
                Ok(None)
            }
        }
    }
}

/// The candidates, surest first.
pub(super) async fn resolve(desk: Desk<'_>, subject: &Subject) -> Result<Vec<Candidate>> {
    let mut found = Found::default();
    for known in subject
        .accounts
        .iter()
        .filter(|known| known.provider == super::SPEC.name)
    {
        by_login(desk, &known.login, &mut found).await?;
    }
    for mail in subject.emails.iter().filter(|mail| plausible(mail)) {
        by_identity_provider(desk, mail, &mut found).await?;
        by_commits(desk, mail, &mut found).await?;
        by_profile(desk, mail, &mut found).await?;
    }
    by_verified_domain(desk, &subject.emails, &mut found).await?;
    if found.answered == 0 && !found.silent.is_empty() {
        return Err(Fault::failed(
            "github-resolve",
            "No source of identities at GitHub answered.",
        )
        .hint(found.silent.join(" "))
        .hint("run `cordon provider check`"));
    }
    // Where none answered, the fault says all of it.
    for silent in &found.silent {
        tracing::warn!(
            provider = super::SPEC.name,
            "a source of identities did not answer: {silent}"
        );
    }
    let mut candidates: Vec<_> = found.candidates.into_values().collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.confidence()));
    Ok(candidates)
}

/// An address that can stand in a search without changing what is searched for.
fn plausible(mail: &str) -> bool {
    mail.len() <= 254
        && mail.contains('@')
        && mail
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "@._+-'".contains(c))
}

/// The id of a login.
pub(super) async fn id_of(desk: Desk<'_>, login: &str) -> Result<Option<u64>> {
    match desk.read(Need::Any, &["users", login], &[]).await {
        Ok(reply) if reply.status == http::StatusCode::OK => Ok(Some(reply.json::<User>()?.id)),
        Ok(_) => Ok(None),
        Err(miss) => miss.sentence().map(|_| None),
    }
}

/// What a profile shows to everybody.
#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    email: Option<String>,
}

async fn by_login(desk: Desk<'_>, login: &str, found: &mut Found) -> Result<()> {
    let answer = desk.read(Need::Any, &["users", login], &[]).await;
    let Some(reply) = found.heard("a login that an operator named", answer)? else {
        return Ok(());
    };
    let user: User = reply.json()?;
    let why = "An operator named this login.".to_owned();
    found.add(&user, why, Confidence::Likely, &reply.evidence);
    found.shows(&user, reply.json::<Profile>()?.email);
    let path = ["orgs", &desk.api.org, "memberships", &user.login];
    if let Ok(reply) = desk.read(Need::Any, &path, &[]).await
        && reply.status == http::StatusCode::OK
    {
        let why = "An operator named this login, and GitHub has it in the organization.".to_owned();
        found.add(&user, why, Confidence::Confirmed, &reply.evidence);
    }
    Ok(())
}

/// GraphQL's shape of a link; every part may be missing.
#[derive(Deserialize)]
struct Linked {
    #[serde(default, rename = "samlIdentity")]
    saml: Option<Saml>,
    #[serde(default, rename = "scimIdentity")]
    scim: Option<ScimName>,
    #[serde(default)]
    user: Option<GraphUser>,
}

#[derive(Deserialize)]
struct Saml {
    #[serde(default, rename = "nameId")]
    name_id: Option<String>,
}

#[derive(Deserialize)]
struct ScimName {
    #[serde(default)]
    username: Option<String>,
}

#[derive(Deserialize)]
struct GraphUser {
    login: String,
    #[serde(rename = "databaseId")]
    id: Option<u64>,
    #[serde(default, rename = "organizationVerifiedDomainEmails")]
    emails: Vec<String>,
}

impl GraphUser {
    fn user(&self) -> Option<User> {
        self.id.map(|id| User {
            id,
            login: self.login.clone(),
        })
    }
}

async fn by_identity_provider(desk: Desk<'_>, mail: &str, found: &mut Found) -> Result<()> {
    let of_org = Some((LINKS_OF_ORG, desk.api.org.as_str()));
    let of_enterprise = desk
        .api
        .enterprise
        .as_deref()
        .map(|enterprise| (LINKS_OF_ENTERPRISE, enterprise));
    for (query, owner) in of_org.into_iter().chain(of_enterprise) {
        let body = json!({ "query": query, "variables": { "owner": owner, "mail": mail } });
        let answer = desk.ask(Need::Any, &["graphql"], &body).await;
        let Some(reply) = found.heard("the identity provider's links", answer)? else {
            continue;
        };
        let answer: Value = reply.json()?;
        let nodes = ["/data/owner", "/data/owner/ownerInfo"]
            .iter()
            .find_map(|at| {
                answer.pointer(&format!(
                    "{at}/samlIdentityProvider/externalIdentities/nodes"
                ))
            })
            .cloned()
            .unwrap_or_default();
        let links: Vec<Linked> = serde_json::from_value(nodes).unwrap_or_default();
        for link in links {
            let names = [
                link.saml.and_then(|saml| saml.name_id),
                link.scim.and_then(|scim| scim.username),
            ];
            // The filter is the server's; only what says so itself counts.
            let same = names
                .iter()
                .flatten()
                .any(|name| name.eq_ignore_ascii_case(mail));
            if let Some(user) = link.user.as_ref().and_then(GraphUser::user)
                && same
            {
                let why = format!("The identity provider links {mail} to this account.");
                found.add(&user, why, Confidence::Confirmed, &reply.evidence);
                found.shows(&user, names.into_iter().flatten());
            }
        }
    }
    Ok(())
}

async fn by_commits(desk: Desk<'_>, mail: &str, found: &mut Found) -> Result<()> {
    #[derive(Deserialize)]
    struct Commits {
        items: Vec<Commit>,
    }
    #[derive(Deserialize)]
    struct Commit {
        #[serde(default)]
        author: Option<User>,
        commit: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        #[serde(default)]
        author: Option<Signature>,
    }
    #[derive(Deserialize)]
    struct Signature {
        #[serde(default)]
        email: Option<String>,
    }
    let query = format!("author-email:{mail} org:{}", desk.api.org);
    let path = ["search", "commits"];
    let answer = desk
        .read(Need::Any, &path, &[("q", &query), ("per_page", "20")])
        .await;
    let Some(reply) = found.heard("commits by address", answer)? else {
        return Ok(());
    };
    let commits: Commits = reply.json()?;
    let mut seen = std::collections::BTreeSet::new();
    for commit in commits.items {
        let address = commit.commit.author.and_then(|author| author.email);
        let same = address.is_some_and(|address| address.eq_ignore_ascii_case(mail));
        if let Some(user) = commit.author
            && same
            && seen.insert(user.id)
        {
            // Anybody can write the address into a commit; which account GitHub shows for it depends
            // on who has verified the address.
            let why =
                format!("GitHub shows commits by {mail} as this account's, which has verified it.");
            found.add(&user, why, Confidence::Likely, &reply.evidence);
        }
    }
    Ok(())
}

async fn by_profile(desk: Desk<'_>, mail: &str, found: &mut Found) -> Result<()> {
    #[derive(Deserialize)]
    struct Users {
        items: Vec<User>,
    }
    let query = format!("{mail} in:email");
    let path = ["search", "users"];
    let answer = desk
        .read(Need::Any, &path, &[("q", &query), ("per_page", "20")])
        .await;
    let Some(reply) = found.heard("profiles by address", answer)? else {
        return Ok(());
    };
    let users: Users = reply.json()?;
    for user in users.items {
        let answer = desk.read(Need::Any, &["users", &user.login], &[]).await;
        let Some(reply) = found.heard("a profile", answer)? else {
            continue;
        };
        let profile: Profile = reply.json()?;
        if profile
            .email
            .is_some_and(|shown| shown.eq_ignore_ascii_case(mail))
        {
            let why =
                format!("The public profile shows {mail}, which has to be a verified address.");
            found.add(&user, why, Confidence::Likely, &reply.evidence);
        }
    }
    Ok(())
}

async fn by_verified_domain(desk: Desk<'_>, mails: &[String], found: &mut Found) -> Result<()> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Members {
        page_info: PageInfo,
        nodes: Vec<GraphUser>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PageInfo {
        has_next_page: bool,
        end_cursor: Option<String>,
    }
    if mails.is_empty() {
        return Ok(());
    }
    let mut after: Option<String> = None;
    for _ in 0..MEMBER_PAGES {
        let variables = json!({ "owner": desk.api.org, "after": after });
        let body = json!({ "query": MEMBERS, "variables": variables });
        let answer = desk.ask(Need::Any, &["graphql"], &body).await;
        let Some(reply) = found.heard("the verified addresses of members", answer)? else {
            break;
        };
        let answer: Value = reply.json()?;
        let page = answer
            .pointer("/data/organization/membersWithRole")
            .cloned()
            .unwrap_or_default();
        let Ok(page) = serde_json::from_value::<Members>(page) else {
            break;
        };
        for member in &page.nodes {
            let address = member
                .emails
                .iter()
                .find(|address| mails.iter().any(|mail| mail.eq_ignore_ascii_case(address)));
            if let (Some(address), Some(user)) = (address, member.user()) {
                let why = format!(
                    "{address} is a verified address of this member on the organization's own domain."
                );
                found.add(&user, why, Confidence::Likely, &reply.evidence);
            }
            // Also of an account that was found by something else.
            if let Some(user) = member.user() {
                found.shows(&user, member.emails.iter().cloned());
            }
        }
        let next = page
            .page_info
            .end_cursor
            .filter(|_| page.page_info.has_next_page);
        if next.is_none() || next == after {
            break;
        }
        after = next;
    }
    Ok(())
}

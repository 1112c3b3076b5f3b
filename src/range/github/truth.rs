//! What is so, whatever a client believes: for scoring drills and tests.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::World;
use super::seed::{KEYS, UNKNOWN, delivery};
use super::state::{Invitation, Repo, RepoInvitation, State};
use crate::canon::Digest;
use crate::time::Timestamp;

impl World {
    /// Whether a way in works now, by kind of door and native id; `None` for what never existed.
    pub fn is_open(&self, kind: &str, native: &str) -> Option<bool> {
        let now = self.now();
        is_open(&self.state(), kind, native, now)
    }

    /// Every way in of the subject, as kind of door and native id. What cannot be seen from outside
    /// is not in it.
    pub fn planted(&self) -> Vec<(&'static str, String)> {
        planted(&self.state())
    }

    /// Everything that is not the subject's, for comparing before and after.
    pub fn others(&self) -> Value {
        others(&self.state())
    }

    /// The events of an account from `since` on that the audit log holds, each with the trail that it
    /// belongs to; git events only as long as they are kept.
    pub fn events_of(&self, account: u64, since: Timestamp) -> Vec<(&'static str, String)> {
        let kept = (self.now() - SignedDuration::from_hours(7 * 24)).max(since);
        let state = self.state();
        let of = |events: &[Value], trail: &'static str, role: &str, since: Timestamp| -> Vec<_> {
            let found = events.iter().filter(|event| {
                let at = event.get("@timestamp").and_then(Value::as_i64);
                at.is_some_and(|at| at >= since.as_millisecond())
                    && event.get(role).and_then(Value::as_u64) == Some(account)
            });
            let id = |event: &Value| event.get("_document_id")?.as_str().map(str::to_owned);
            found
                .filter_map(|event| Some((trail, id(event)?)))
                .collect()
        };
        [
            of(&state.git, "github.git_events", "actor_id", kept),
            of(&state.audit, "github.audit_actor", "actor_id", since),
            of(&state.audit, "github.audit_user", "user_id", since),
        ]
        .concat()
    }

    /// Renames the login of an account, as its owner can at any time.
    pub fn rename(&self, account: u64, login: &str) {
        if let Some(user) = self.state().users.get_mut(&account) {
            login.clone_into(&mut user.login);
        }
    }

    /// The invited account accepts: a reinstated member gets role and teams back.
    pub fn accept(&self, account: u64) {
        let mut state = self.state();
        let former = state.former.remove(&account);
        state
            .invitations
            .retain(|open| open.invitee != Some(account));
        let Some(member) = state.members.get_mut(&account) else {
            return;
        };
        member.pending = false;
        if let Some(former) = former {
            member.role = former.role;
            for team in &mut state.teams {
                if let Some(role) = former.teams.get(&team.id) {
                    team.members.insert(account, role);
                }
            }
        }
    }

    /// Gives every runner of that name a job, or ends it.
    pub fn set_busy(&self, runner: &str, busy: bool) {
        let mut state = self.state();
        let state = &mut *state;
        let all = state.repos.iter_mut().flat_map(|repo| &mut repo.runners);
        for one in all
            .chain(&mut state.runners)
            .filter(|one| one.name == runner)
        {
            one.busy = busy;
        }
    }

    /// An owner invites an account to the organization and to a repository: the doors that it holds,
    /// each as kind and native id.
    pub fn invite(&self, account: u64, repo: &str) -> Vec<(&'static str, String)> {
        let created = self.now();
        let mut state = self.state();
        let (to_org, to_repo) = (state.id(), state.id());
        let inviter = state.members.keys().next().copied().unwrap_or_default();
        state.invitations.push(Invitation {
            id: to_org,
            invitee: Some(account),
            mail: None,
            inviter,
            role: "direct_member".to_owned(),
            teams: Vec::new(),
            created,
        });
        if let Some(repo) = state.repo_mut(repo) {
            repo.invitations.push(RepoInvitation {
                id: to_repo,
                invitee: account,
                inviter,
                role: "write".to_owned(),
                created,
            });
        }
        vec![
            ("github.invitation", to_org.to_string()),
            ("github.repo_invitation", to_repo.to_string()),
        ]
    }

    /// Lets a webhook of a repository have sent `count` deliveries, the newest first.
    pub fn busy_hook(&self, id: u64, count: u64) {
        let now = self.now();
        let mut state = self.state();
        let mut hooks = state.repos.iter_mut().flat_map(|repo| &mut repo.hooks);
        if let Some(hook) = hooks.find(|hook| hook.id == id) {
            hook.deliveries = (1..=count)
                .map(|number| {
                    delivery(
                        id,
                        number,
                        now - SignedDuration::from_mins(10) * i32::try_from(number).unwrap_or(1),
                    )
                })
                .collect();
        }
    }

    /// An administrator takes the protection of a branch away.
    pub fn unprotect(&self, repo: &str, branch: &str) {
        let mut state = self.state();
        let branches = state.repo_mut(repo).map(|repo| &mut repo.branches);
        if let Some(protected) = branches.and_then(|branches| branches.get_mut(branch)) {
            *protected = false;
        }
    }

    /// An owner suspends the installation of an App, which only a person can.
    pub fn suspend_installation(&self, id: u64) {
        let now = self.now();
        let mut state = self.state();
        if let Some(app) = state.installations.iter_mut().find(|app| app.id == id) {
            app.suspended = Some(now);
        }
    }

    /// Stores a new value under the name of a secret, everywhere it is stored.
    pub fn rotate(&self, name: &str) {
        let now = self.now();
        let mut state = self.state();
        for secret in state
            .secrets
            .values_mut()
            .flatten()
            .filter(|secret| secret.name == name)
        {
            secret.updated = now;
        }
    }

    /// Forgets the installation's tokens, as GitHub does when an owner changes its permissions.
    pub fn end_installation_tokens(&self) {
        self.state().installation_tokens.clear();
    }
}

/// The name of a held token as a door: the first digits of its SHA-256.
fn token_name(token: &str) -> String {
    Digest::of(token.as_bytes()).short()
}

fn is_open(state: &State, kind: &str, native: &str, now: Timestamp) -> Option<bool> {
    let id: Option<u64> = native.parse().ok();
    match kind {
        "github.sso_authorizations" => {
            let mut own = state
                .authorizations
                .iter()
                .filter(|one| Some(one.user) == id)
                .peekable();
            own.peek()?;
            Some(own.any(|one| one.ends.is_none_or(|end| end > now)))
        }
        "github.pat_grant" => Some(state.pats.iter().any(|one| Some(one.id) == id)),
        "github.pat_request" => Some(state.pat_requests.iter().any(|one| Some(one.id) == id)),
        "github.scim_identity" => state
            .managed
            .iter()
            .find(|one| one.id == native)
            .map(|one| one.active),
        "github.org_hook" => state
            .hooks
            .iter()
            .find(|one| Some(one.id) == id)
            .map(|one| one.active),
        "github.repo_hook" => {
            let mut all = state.repos.iter().flat_map(|repo| &repo.hooks);
            all.find(|one| Some(one.id) == id).map(|one| one.active)
        }
        "github.org_runner" | "github.repo_runner" => {
            let (repo, id) = native.split_once(':')?;
            let runners = match repo {
                "" => &state.runners,
                repo => &state.repo(repo)?.runners,
            };
            let id: u64 = id.parse().ok()?;
            Some(runners.iter().any(|one| one.id == id))
        }
        "github.invitation" => Some(state.invitations.iter().any(|one| Some(one.id) == id)),
        "github.repo_invitation" => {
            let mut all = state.repos.iter().flat_map(|repo| &repo.invitations);
            Some(all.any(|one| Some(one.id) == id))
        }
        "github.codespace" => {
            let space = state.codespaces.iter().find(|one| one.name == native)?;
            Some(space.stops.is_none_or(|at| at > now))
        }
        "github.membership" => Some(state.members.contains_key(&id?)),
        "github.block" => Some(!state.blocks.contains(&id?)),
        "github.held_token" => {
            let mut all = state.tokens.iter();
            all.find(|(token, _)| token_name(token) == native)
                .map(|(_, token)| !token.revoked)
        }
        "github.installation" => {
            let app = state.installations.iter().find(|one| Some(one.id) == id)?;
            Some(app.suspended.is_none())
        }
        "github.fork" => {
            let mut all = state.repos.iter().flat_map(|repo| &repo.forks);
            all.find(|one| Some(one.id) == id).map(|one| !one.hidden)
        }
        "github.collaborator" | "github.collaborator_with_fork" => {
            let (repo, user) = native.split_once(':')?;
            let (repo, user): (u64, u64) = (repo.parse().ok()?, user.parse().ok()?);
            let repo = state.repos.iter().find(|one| one.id == repo)?;
            Some(repo.collaborators.contains_key(&user))
        }
        _ => None,
    }
}

impl World {
    /// Whether a repository accepts a deploy key of that title.
    pub fn accepts_key(&self, title: &str) -> bool {
        self.state()
            .repos
            .iter()
            .any(|repo| repo.keys.iter().any(|key| key.title == title))
    }

    /// Whether an invitation of that account, to the organization or a repository, is open.
    pub fn invites(&self, account: u64) -> bool {
        let state = self.state();
        let to_org = state
            .invitations
            .iter()
            .any(|open| open.invitee == Some(account));
        let mut to_repos = state.repos.iter().flat_map(|repo| &repo.invitations);
        to_org || to_repos.any(|open| open.invitee == account)
    }
}

fn planted(state: &State) -> Vec<(&'static str, String)> {
    let subject = state.subject;
    let by_subject = |kind: &str, key: &str| -> Vec<u64> {
        let events = state.audit.iter().filter(|event| {
            event.get("action").and_then(Value::as_str) == Some(kind)
                && event.get("actor_id").and_then(Value::as_u64) == Some(subject)
        });
        events
            .filter_map(|event| event.get(key)?.as_u64())
            .collect()
    };
    let mut all: Vec<(&'static str, String)> = vec![
        ("github.sso_authorizations", subject.to_string()),
        ("github.membership", subject.to_string()),
        ("github.block", subject.to_string()),
    ];
    let mut add = |kind, native: String| all.push((kind, native));
    for one in state.pats.iter().filter(|one| one.owner == subject) {
        add("github.pat_grant", one.id.to_string());
    }
    for one in state.pat_requests.iter().filter(|one| one.owner == subject) {
        add("github.pat_request", one.id.to_string());
    }
    for one in state.codespaces.iter().filter(|one| one.owner == subject) {
        add("github.codespace", one.name.clone());
    }
    for one in state
        .invitations
        .iter()
        .filter(|one| one.inviter == subject || one.invitee == Some(subject))
    {
        add("github.invitation", one.id.to_string());
    }
    let hooks = by_subject("hook.create", "hook_id");
    for one in state.hooks.iter().filter(|one| hooks.contains(&one.id)) {
        add("github.org_hook", one.id.to_string());
    }
    for one in state
        .runners
        .iter()
        .filter(|one| one.name == "tm-runner-07")
    {
        add("github.org_runner", format!(":{}", one.id));
    }
    for one in state
        .installations
        .iter()
        .filter(|one| one.slug == "tide-bridge")
    {
        add("github.installation", one.id.to_string());
    }
    for repo in &state.repos {
        all.extend(planted_in(repo, subject, &hooks));
    }
    all.sort();
    all
}

/// Those of one repository.
fn planted_in(repo: &Repo, subject: u64, hooks: &[u64]) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let mut add = |kind, native: String| all.push((kind, native));
    for one in repo.hooks.iter().filter(|one| hooks.contains(&one.id)) {
        add("github.repo_hook", one.id.to_string());
    }
    let theirs = |one: &&RepoInvitation| one.inviter == subject || one.invitee == subject;
    for one in repo.invitations.iter().filter(theirs) {
        add("github.repo_invitation", one.id.to_string());
    }
    for one in repo.runners.iter().filter(|one| one.name == "field-rig") {
        add("github.repo_runner", format!("{}:{}", repo.name, one.id));
    }
    for one in &repo.keys {
        if KEYS.contains(&one.title.as_str()) {
            add("github.deploy_key", one.id.to_string());
        }
    }
    let mut forked = false;
    for one in repo.forks.iter().filter(|one| one.owner == subject) {
        forked = true;
        add("github.fork", one.id.to_string());
    }
    if repo.collaborators.contains_key(&subject) {
        let kind = if forked {
            "github.collaborator_with_fork"
        } else {
            "github.collaborator"
        };
        add(kind, format!("{}:{subject}", repo.id));
    }
    all
}

fn others(state: &State) -> Value {
    let not = |id: u64| id != state.subject && id != UNKNOWN.0;
    let repos: Vec<Value> = state
        .repos
        .iter()
        .map(|repo| {
            json!({
                "name": repo.name,
                "collaborators": repo.collaborators.iter().filter(|(id, _)| not(**id)).collect::<Vec<_>>(),
                "keys": repo.keys.iter().filter(|key| !KEYS.contains(&key.title.as_str())).map(|key| &key.title).collect::<Vec<_>>(),
                "forks": repo.forks.iter().filter(|fork| not(fork.owner)).map(|fork| (fork.id, fork.hidden)).collect::<Vec<_>>(),
                "invitations": repo.invitations.iter().filter(|open| not(open.inviter) && not(open.invitee)).map(|open| open.id).collect::<Vec<_>>(),
                "runners": repo.runners.iter().filter(|one| one.name != "field-rig").map(|one| one.id).collect::<Vec<_>>(),
                "hooks": repo.hooks.iter().filter(|one| one.id != 601).map(|one| (one.id, one.active)).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "members": state.members.iter().filter(|(id, member)| not(**id) && !member.pending).map(|(id, member)| (id, member.role)).collect::<Vec<_>>(),
        "teams": state.teams.iter().map(|team| (team.id, team.members.iter().filter(|(id, _)| not(**id)).collect::<Vec<_>>())).collect::<Vec<_>>(),
        "authorizations": state.authorizations.iter().filter(|one| not(one.user)).map(|one| (one.id, one.ends.is_some())).collect::<Vec<_>>(),
        "pats": state.pats.iter().filter(|one| not(one.owner)).map(|one| one.id).collect::<Vec<_>>(),
        "pat_requests": state.pat_requests.iter().filter(|one| not(one.owner)).map(|one| one.id).collect::<Vec<_>>(),
        "codespaces": state.codespaces.iter().filter(|one| not(one.owner)).map(|one| (&one.name, one.stops.is_some())).collect::<Vec<_>>(),
        "hooks": state.hooks.iter().filter(|one| one.id != 603).map(|one| (one.id, one.active)).collect::<Vec<_>>(),
        "runners": state.runners.iter().filter(|one| one.id != 7).map(|one| one.id).collect::<Vec<_>>(),
        "installations": state.installations.iter().map(|one| (one.id, one.suspended.is_some())).collect::<Vec<_>>(),
        "invitations": state.invitations.iter().filter(|one| not(one.inviter) && one.invitee.is_none_or(not)).map(|one| one.id).collect::<Vec<_>>(),
        "managed": state.managed.iter().filter(|one| not(one.user)).map(|one| (&one.id, one.active)).collect::<Vec<_>>(),
        "blocks": state.blocks.iter().filter(|id| not(**id)).collect::<Vec<_>>(),
        "repos": repos,
    })
}

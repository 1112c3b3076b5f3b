//! What the simulated organization keeps.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::Value;

use crate::time::Timestamp;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) org: String,
    pub(super) org_id: u64,
    pub(super) enterprise: String,
    pub(super) app_id: u64,
    pub(super) installation_id: u64,
    /// The account under review, for the ground truth.
    pub(super) subject: u64,
    pub(super) users: BTreeMap<u64, User>,
    pub(super) members: BTreeMap<u64, Member>,
    pub(super) former: BTreeMap<u64, Former>,
    pub(super) teams: Vec<Team>,
    pub(super) repos: Vec<Repo>,
    pub(super) invitations: Vec<Invitation>,
    pub(super) authorizations: Vec<Authorization>,
    pub(super) pats: Vec<Pat>,
    pub(super) pat_requests: Vec<Pat>,
    pub(super) hooks: Vec<Hook>,
    pub(super) installations: Vec<Installation>,
    pub(super) runners: Vec<Runner>,
    pub(super) codespaces: Vec<Codespace>,
    pub(super) blocks: BTreeSet<u64>,
    pub(super) secrets: BTreeMap<String, Vec<Secret>>,
    pub(super) managed: Vec<Managed>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) installation_tokens: BTreeMap<String, Timestamp>,
    pub(super) audit: Vec<Value>,
    pub(super) git: Vec<Value>,
    pub(super) rule_suites: Vec<Value>,
    pub(super) rulesets: Vec<Ruleset>,
    pub(super) migrations: Vec<Migration>,
    /// The host that hands out archives.
    pub(super) archives: Option<url::Url>,
    pub(super) lag: SignedDuration,
    pub(super) next_id: u64,
}

#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) login: String,
    /// The address that the company's identity provider links.
    pub(super) work_mail: String,
    /// The address that the profile shows.
    pub(super) public_mail: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) role: &'static str,
    /// Invited again and not yet back.
    pub(super) pending: bool,
}

/// What a reinstatement brings back.
#[derive(Debug, Clone)]
pub(super) struct Former {
    pub(super) role: &'static str,
    pub(super) teams: BTreeMap<u64, &'static str>,
    pub(super) removed: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Team {
    pub(super) id: u64,
    pub(super) slug: String,
    /// Role by user.
    pub(super) members: BTreeMap<u64, &'static str>,
    /// Role by repository.
    pub(super) repos: BTreeMap<u64, &'static str>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) private: bool,
    /// Role by user: read, triage, write, maintain, admin.
    pub(super) collaborators: BTreeMap<u64, String>,
    pub(super) invitations: Vec<RepoInvitation>,
    pub(super) keys: Vec<Key>,
    pub(super) hooks: Vec<Hook>,
    pub(super) runners: Vec<Runner>,
    pub(super) forks: Vec<Fork>,
    pub(super) environments: Vec<String>,
    pub(super) activity: Vec<Value>,
    pub(super) commits: Vec<Value>,
    /// Pull requests among them.
    pub(super) issues: Vec<Value>,
    pub(super) runs: Vec<Value>,
    pub(super) rulesets: Vec<Ruleset>,
    /// Whether each is protected.
    pub(super) branches: BTreeMap<String, bool>,
}

#[derive(Debug, Clone)]
pub(super) struct Ruleset {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) of_org: bool,
    /// Who changed it last.
    pub(super) changed_by: u64,
    /// The team that may go past it.
    pub(super) bypass: u64,
    pub(super) created: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Invitation {
    pub(super) id: u64,
    pub(super) invitee: Option<u64>,
    pub(super) mail: Option<String>,
    pub(super) inviter: u64,
    pub(super) role: String,
    pub(super) teams: Vec<u64>,
    pub(super) created: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct RepoInvitation {
    pub(super) id: u64,
    pub(super) invitee: u64,
    pub(super) inviter: u64,
    pub(super) role: String,
    pub(super) created: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Authorization {
    pub(super) id: u64,
    pub(super) user: u64,
    pub(super) kind: &'static str,
    pub(super) last_eight: String,
    /// Authorized automatically in a sign-in session: works and is never listed.
    pub(super) hidden: bool,
    /// When an accepted revocation takes effect.
    pub(super) ends: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct Pat {
    pub(super) id: u64,
    pub(super) owner: u64,
    pub(super) name: String,
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: u64,
    pub(super) title: String,
    pub(super) public: String,
    pub(super) read_only: bool,
    pub(super) added_by: Option<String>,
    pub(super) created: Timestamp,
    pub(super) last_used: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) active: bool,
    pub(super) created: Timestamp,
    pub(super) deliveries: Vec<Value>,
}

#[derive(Debug, Clone)]
pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) app_id: u64,
    pub(super) slug: String,
    pub(super) suspended: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct Runner {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) busy: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Codespace {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) owner: u64,
    pub(super) repo: u64,
    /// When an accepted stop takes effect; running while there is none.
    pub(super) stops: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct Fork {
    pub(super) id: u64,
    pub(super) owner: u64,
    /// The owner is no member any more: it exists and nobody sees it.
    pub(super) hidden: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) updated: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Managed {
    pub(super) id: String,
    pub(super) user: u64,
    pub(super) active: bool,
}

/// A migration that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Migration {
    pub(super) id: u64,
    /// Names of repositories.
    pub(super) repositories: Vec<String>,
    pub(super) locks: bool,
    pub(super) created: Timestamp,
    pub(super) made: Timestamp,
    /// What opens the signed address.
    pub(super) signature: String,
}

/// A classic token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) user: u64,
    pub(super) scopes: &'static str,
    pub(super) revoked: bool,
}

/// The order of rights.
const RIGHTS: [&str; 4] = ["none", "read", "write", "admin"];

/// The legacy right that a role contains.
pub(super) fn right_of(role: &str) -> &'static str {
    match role {
        "admin" => "admin",
        "write" | "maintain" | "push" => "write",
        "read" | "triage" | "pull" => "read",
        _ => "none",
    }
}

impl State {
    pub(super) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn user_named(&self, login: &str) -> Option<&User> {
        self.users
            .values()
            .find(|user| user.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn is_owner(&self, user: u64) -> bool {
        self.members
            .get(&user)
            .is_some_and(|member| member.role == "admin" && !member.pending)
    }

    pub(super) fn is_member(&self, user: u64) -> bool {
        self.members
            .get(&user)
            .is_some_and(|member| !member.pending)
    }

    pub(super) fn repo(&self, name: &str) -> Option<&Repo> {
        self.repos
            .iter()
            .find(|repo| repo.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn repo_mut(&mut self, name: &str) -> Option<&mut Repo> {
        self.repos
            .iter_mut()
            .find(|repo| repo.name.eq_ignore_ascii_case(name))
    }

    /// The effective right, all sources of grants merged.
    pub(super) fn right(&self, user: u64, repo: &Repo) -> &'static str {
        if self.is_owner(user) {
            return "admin";
        }
        let direct = repo.collaborators.get(&user).map(|role| right_of(role));
        let teams = self
            .teams
            .iter()
            .filter(|team| team.members.contains_key(&user))
            .filter_map(|team| team.repos.get(&repo.id).map(|role| right_of(role)));
        let everybody = if repo.private { "none" } else { "read" };
        direct
            .into_iter()
            .chain(teams)
            .chain([everybody])
            .max_by_key(|right| RIGHTS.iter().position(|known| known == right))
            .unwrap_or("none")
    }

    /// Ends the membership and everything that hangs on it. What does not hang on it stays: keys,
    /// webhooks, runners, Apps, tokens.
    pub(super) fn remove_member(&mut self, user: u64, now: Timestamp) -> bool {
        let Some(member) = self.members.remove(&user) else {
            return false;
        };
        if member.pending {
            self.invitations
                .retain(|invitation| invitation.invitee != Some(user));
            return true;
        }
        let mut teams = BTreeMap::new();
        for team in &mut self.teams {
            teams.extend(team.members.remove(&user).map(|role| (team.id, role)));
        }
        for repo in &mut self.repos {
            repo.collaborators.remove(&user);
            for fork in repo.forks.iter_mut().filter(|fork| fork.owner == user) {
                fork.hidden = true;
            }
        }
        self.former.insert(
            user,
            Former {
                role: member.role,
                teams,
                removed: now,
            },
        );
        true
    }
}

//! What a playbook may name: the doors and trails of the providers, notices and roles. A playbook
//! knows no provider; whoever composes the program hands the catalogue over.

use crate::door::DoorKind;
use crate::provider::{Spec, TrailSpec};

/// The roles that people can have.
pub const ROLES: [&str; 5] = ["responder", "incident_lead", "legal", "hr", "executive"];

/// A trail that the provider keeps no longer than this is perishable, hours.
const PERISHABLE_HOURS: u32 = 7 * 24;

/// Everything that a playbook can be checked against and expanded with.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The providers of this build.
    pub providers: Vec<&'static Spec>,
    /// The names of the notice templates.
    pub notices: Vec<String>,
    /// The roles that people can have; usually [`ROLES`].
    pub roles: Vec<String>,
}

impl Catalogue {
    /// A catalogue with the usual roles.
    pub fn new(providers: Vec<&'static Spec>, notices: Vec<String>) -> Self {
        let roles = ROLES.iter().map(|role| (*role).to_owned()).collect();
        Self {
            providers,
            notices,
            roles,
        }
    }

    /// The provider of that name.
    pub fn provider(&self, name: &str) -> Option<&'static Spec> {
        self.providers
            .iter()
            .find(|spec| spec.name == name)
            .copied()
    }

    /// The kind of door of that full name: `github.webhook`.
    pub fn kind(&self, name: &str) -> Option<&'static DoorKind> {
        self.kinds().find(|kind| kind.name == name)
    }

    /// Every kind of door.
    pub fn kinds(&self) -> impl Iterator<Item = &'static DoorKind> {
        self.providers.iter().flat_map(|spec| spec.doors)
    }

    /// The trail of that full name.
    pub fn trail(&self, name: &str) -> Option<&'static TrailSpec> {
        self.trails()
            .map(|(_, trail)| trail)
            .find(|trail| trail.name == name)
    }

    /// Every trail with its provider.
    pub fn trails(&self) -> impl Iterator<Item = (&'static Spec, &'static TrailSpec)> {
        self.providers
            .iter()
            .flat_map(|spec| spec.trails.iter().map(move |trail| (*spec, trail)))
    }
}

/// Whether a selector means a kind of door or a trail: `all`, `github.*`, `github`, or its name.
pub fn selects(selector: &str, name: &str) -> bool {
    let provider = selector.strip_suffix(".*").unwrap_or(selector);
    selector == "all"
        || selector == name
        || name
            .strip_prefix(provider)
            .is_some_and(|rest| rest.starts_with('.') && !provider.contains('.'))
}

/// Selectors of trails that name no provider.
pub(super) const TRAIL_WORDS: [&str; 3] = ["perishable", "lasting", "all"];

/// Whether a selector means a trail: as [`selects`], or `perishable` or `lasting`.
pub fn selects_trail(selector: &str, trail: &TrailSpec) -> bool {
    match selector {
        "perishable" => is_perishable(trail),
        "lasting" => !is_perishable(trail),
        selector => selects(selector, trail.name),
    }
}

/// Whether a trail is gone soon: within seven days, or with the close itself.
pub fn is_perishable(trail: &TrailSpec) -> bool {
    trail
        .retention_hours
        .is_none_or(|hours| hours <= PERISHABLE_HOURS)
}

/// The shortest-lived first; what the close itself destroys comes before everything.
pub(crate) fn perishes_after(trail: &TrailSpec) -> u32 {
    trail.retention_hours.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::selects;

    #[test]
    fn selectors_mean_everything_a_provider_or_one_name() {
        for (selector, name, meant) in [
            ("all", "github.webhook", true),
            ("github.*", "github.webhook", true),
            ("github", "github.webhook", true),
            ("github.webhook", "github.webhook", true),
            ("github.web", "github.webhook", false),
            ("git", "github.webhook", false),
            ("git.*", "github.webhook", false),
            ("github.webhook.*", "github.webhook.x", false),
            ("*", "github.webhook", false),
        ] {
            assert_eq!(selects(selector, name), meant, "{selector} {name}");
        }
    }
}

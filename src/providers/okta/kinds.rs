//! Every kind of door and trail of Okta: the one description that plan, approval and help print.

use crate::door::{Class, DoorKind, Notifies, Order};
use crate::provider::{Spec, TrailSpec};

pub(super) const ACCOUNT: &str = "okta.account";
pub(super) const SESSION: &str = "okta.session";
pub(super) const GRANT: &str = "okta.grant";
pub(super) const CLIENT_TOKEN: &str = "okta.client_token";
pub(super) const API_TOKEN: &str = "okta.api_token";
pub(super) const DEVICE: &str = "okta.device";
pub(super) const ADMIN_ROLE: &str = "okta.admin_role";
pub(super) const GROUP_ROLE: &str = "okta.group_role";
pub(super) const FACTOR: &str = "okta.factor";
pub(super) const APP_SESSION: &str = "okta.app_session";

/// The name of the only trail.
pub(super) const SYSTEM_LOG: &str = "okta.system_log";

/// How many calls the inventory has under way at once; Okta's own limit on simultaneous calls is
/// far higher, but the organization shares it.
pub(super) const IN_FLIGHT: usize = 4;

/// The fixed description of Okta.
pub static SPEC: Spec = Spec {
    name: "okta",
    title: "Okta organization",
    api: "Okta Management API 2026.06.3 (v1), description read 2026-11-21",
    doors: DOORS,
    trails: TRAILS,
    in_flight: IN_FLIGHT,
    blind: BLIND,
};

static BLIND: &[&str] = &[
    "Service apps, identity providers, hooks and log streams that the person registered as an administrator are not listed as doors: read the System Log for what the account created.",
    "Okta has no list of a user's sessions: an end is shown by the System Log, not by their absence.",
    "Sessions inside apps are not visible to Okta and outlive the account's suspension.",
    "Only clients with a grant or a refresh token are listed; an access token that a resource server checks by itself works until it expires.",
    "Factors that the highest authenticator policy does not include are not listed.",
    "Passwords that the account holder knows of shared (SWA) apps are not listed.",
    "A directory that masters the account (Active Directory, LDAP) is not changed by a suspension in Okta.",
];

const DESCRIPTION: &str = "Okta OpenAPI 2026.06.3 (management-minimal)";

/// The longest life of an access token: fixed at 60 minutes for the organization's own authorization
/// server, up to 24 hours for others (support.okta.com, "Lifetime of the Okta Minted JSON Web
/// Tokens", read 2026-11).
const ACCESS_TOKEN_MINUTES: u32 = 24 * 60;

static DOORS: &[DoorKind] = &[
    DoorKind {
        name: ACCOUNT,
        title: "the account itself: sign-in to Okta and to every app behind it",
        class: Class::Reversible,
        notifies: Notifies::No,
        residual: "sessions inside apps, OAuth tokens and API tokens: separate doors",
        residual_minutes: None,
        order: Order::Simultaneous,
        close: Some("POST /api/v1/users/{id}/lifecycle/suspend"),
        already_done: &["status SUSPENDED", "status DEPROVISIONED", "404"],
        probe: "GET /api/v1/users/{id}",
        undo: Some("POST /api/v1/users/{id}/lifecycle/unsuspend"),
        after: &[],
        scope: "okta.users.manage",
        breaks: "every app the person signs in to through Okta; group and app assignments stay",
        source: DESCRIPTION,
    },
    DoorKind {
        name: SESSION,
        title: "sessions at Okta, with the tokens and remembered devices that hang on them",
        class: Class::Redoable,
        notifies: Notifies::No,
        residual: "sessions inside apps: app-dependent, days to weeks; access tokens that a resource server checks by itself, until they expire",
        residual_minutes: Some(ACCESS_TOKEN_MINUTES),
        order: Order::Simultaneous,
        close: Some("DELETE /api/v1/users/{id}/sessions?oauthTokens=true&forgetDevices=true"),
        already_done: &["404"],
        probe: "GET /api/v1/logs (user.session.clear and no user.session.start after it), status SUSPENDED",
        undo: None,
        after: &[ACCOUNT],
        scope: "okta.users.manage",
        breaks: "whatever runs in the person's browser; the next sign-in asks for every factor",
        source: DESCRIPTION,
    },
    DoorKind {
        name: GRANT,
        title: "a consent that lets an app act for the person",
        class: Class::Redoable,
        notifies: Notifies::No,
        residual: "access tokens issued under it that a resource server checks by itself, until they expire",
        residual_minutes: Some(ACCESS_TOKEN_MINUTES),
        order: Order::Simultaneous,
        close: Some("DELETE /api/v1/users/{id}/grants/{grant}"),
        already_done: &["404"],
        probe: "GET /api/v1/users/{id}/grants/{grant}",
        undo: None,
        after: &[ACCOUNT],
        scope: "okta.users.manage",
        breaks: "the app asks for consent again",
        source: DESCRIPTION,
    },
    DoorKind {
        name: CLIENT_TOKEN,
        title: "refresh tokens of one app for the person",
        class: Class::Redoable,
        notifies: Notifies::No,
        residual: "access tokens that a resource server checks by itself, until they expire",
        residual_minutes: Some(ACCESS_TOKEN_MINUTES),
        order: Order::Simultaneous,
        close: Some("DELETE /api/v1/users/{id}/clients/{client}/tokens"),
        already_done: &["404"],
        probe: "GET /api/v1/users/{id}/clients/{client}/tokens",
        undo: None,
        after: &[ACCOUNT, SESSION],
        scope: "okta.users.manage",
        breaks: "the app has to sign the person in again",
        source: DESCRIPTION,
    },
    DoorKind {
        name: API_TOKEN,
        title: "an API token that the person made: it has all of the person's rights",
        class: Class::Irreversible,
        notifies: Notifies::Unknown,
        residual: "none documented",
        residual_minutes: None,
        order: Order::Simultaneous,
        close: Some("DELETE /api/v1/api-tokens/{token}"),
        already_done: &["404"],
        probe: "GET /api/v1/api-tokens/{token}",
        undo: None,
        after: &[ACCOUNT],
        scope: "okta.apiTokens.manage",
        breaks: "every integration that uses it: replace first, then close",
        source: DESCRIPTION,
    },
    DoorKind {
        name: DEVICE,
        title: "a device that is registered for the person (passwordless sign-in, device trust)",
        class: Class::Reversible,
        notifies: Notifies::Unknown,
        residual: "sessions inside apps on the device",
        residual_minutes: None,
        order: Order::Simultaneous,
        close: Some("POST /api/v1/devices/{device}/lifecycle/suspend"),
        already_done: &["status SUSPENDED", "status DEACTIVATED", "404"],
        probe: "GET /api/v1/devices/{device}",
        undo: Some("POST /api/v1/devices/{device}/lifecycle/unsuspend"),
        after: &[ACCOUNT],
        scope: "okta.devices.manage",
        breaks: "every account that signs in on the device; a shared device is protected",
        source: DESCRIPTION,
    },
    DoorKind {
        name: ADMIN_ROLE,
        title: "an administrator role assigned to the person",
        class: Class::Reversible,
        notifies: Notifies::Unknown,
        residual: "API tokens and service apps that the person made with it: separate doors",
        residual_minutes: None,
        order: Order::Simultaneous,
        close: Some("DELETE /api/v1/users/{id}/roles/{assignment}"),
        already_done: &["role absent", "404"],
        probe: "GET /api/v1/users/{id}/roles",
        undo: Some("POST /api/v1/users/{id}/roles"),
        after: &[ACCOUNT],
        scope: "okta.roles.manage",
        // That other administrators are told is [k].
        breaks: "the person's administration; other administrators may be told by mail",
        source: DESCRIPTION,
    },
    DoorKind {
        name: GROUP_ROLE,
        title: "an administrator role that comes with a group",
        class: Class::Reversible,
        notifies: Notifies::Unknown,
        residual: "as long as the person stays in the group and the account can sign in",
        residual_minutes: None,
        order: Order::Noisy,
        close: None,
        already_done: &[],
        probe: "GET /api/v1/users/{id}/roles, GET /api/v1/users/{id}",
        undo: None,
        after: &[ACCOUNT],
        scope: "okta.roles.read",
        breaks: "nothing: group memberships are left as they are, they are part of the way back",
        source: DESCRIPTION,
    },
    DoorKind {
        name: FACTOR,
        title: "an enrolled factor; left alone, a reset destroys evidence and sends mail",
        class: Class::Irreversible,
        notifies: Notifies::Yes,
        residual: "works again when the account is restored",
        residual_minutes: None,
        order: Order::Noisy,
        close: None,
        already_done: &[],
        probe: "GET /api/v1/users/{id}/factors/{factor}, GET /api/v1/users/{id}",
        undo: None,
        after: &[ACCOUNT],
        scope: "okta.users.read",
        breaks: "a reset in the console makes the person enrol again",
        source: DESCRIPTION,
    },
    DoorKind {
        name: APP_SESSION,
        title: "a session inside an assigned app: only the app can end it",
        class: Class::Redoable,
        notifies: Notifies::Unknown,
        residual: "app-dependent, days to weeks",
        residual_minutes: None,
        order: Order::Noisy,
        close: None,
        already_done: &[],
        probe: "GET /api/v1/users/{id}/appLinks (an assignment; Okta cannot see the session)",
        undo: None,
        after: &[ACCOUNT, SESSION],
        scope: "okta.users.read",
        breaks: "close it at the app's own provider, or by Universal Logout where the app supports it",
        source: "Okta OpenAPI 2026.06.3 (management-minimal); Okta on Universal Logout",
    },
];

static TRAILS: &[TrailSpec] = &[TrailSpec {
    name: SYSTEM_LOG,
    title: "everything that the account did or that was done to it",
    // 90 days [k].
    retention_hours: Some(90 * 24),
    // A bounded query (`since` and `until`) can miss events that arrive late: read the last hours again.
    lag_minutes: 180,
    page_size: 1000,
    ordered: false,
    call: "GET /api/v1/logs?since&until&filter&limit=1000&sortOrder=ASCENDING",
    dedupe: "uuid",
}];

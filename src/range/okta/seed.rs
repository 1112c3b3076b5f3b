//! The organization before anything happens: the company's people with what they were given.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{ApiToken, Client, Device, Faults, Org, Role, User, set};
use crate::range::company::{Company, Person};
use crate::time::Timestamp;

/// The API token that the response is meant to use; it belongs to the emergency administrator.
pub(super) const OUR_TOKEN: &str = "cordon-response";
/// The API token that the account holder made.
const THEIR_TOKEN: &str = "nightly-sync";

const GROUPS: &[&str] = &[
    "Everyone",
    "Contractors",
    "Platform",
    "VPN users",
    "Release",
    "Wiki editors",
    "Read-only administrators",
];
const APPS: &[(&str, &str)] = &[
    ("github_cloud", "GitHub"),
    ("google", "Google Workspace"),
    ("slack", "Slack"),
    ("amazon_aws_sso", "AWS"),
];

pub(super) fn org(company: &Company, now: Timestamp) -> Org {
    let mut org = Org {
        domain: company.domain.clone(),
        faults: Faults::default(),
        ..Org::default()
    };
    for name in GROUPS {
        let id = org.number("00g");
        let record = json!({
            "id": id,
            "created": ago(now, 700 * 24),
            "type": "OKTA_GROUP",
            "objectClass": ["okta:user_group"],
            "profile": {"name": name, "description": ""},
        });
        org.groups.insert(id, record);
    }
    for (name, label) in APPS {
        let id = org.number("0oa");
        let record = json!({
            "id": format!("00ul{id}"),
            "appInstanceId": id,
            "appAssignmentId": format!("0ua{id}"),
            "appName": name,
            "label": label,
            "linkUrl": format!("https://{}/home/{name}/{id}", company.domain),
            "credentialsSetup": false,
            "hidden": false,
            "sortOrder": 0,
        });
        org.apps.insert(id, record);
    }
    for person in company.everyone() {
        let user = plain(&mut org, person, now);
        org.users.insert(person.okta_id.clone(), user);
    }
    equip(&mut org, &company.subject, now);
    equip(&mut org, &company.lookalike, now);
    kiosk(&mut org, &[&company.subject, &company.lookalike], now);
    administer(&mut org, company, now);
    remember(&mut org, company, now);
    org
}

fn ago(now: Timestamp, hours: i64) -> String {
    let at = now
        .saturating_sub(SignedDuration::from_hours(hours))
        .unwrap_or(now);
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// What everyone has.
fn plain(org: &mut Org, person: &Person, now: Timestamp) -> User {
    let (first, last) = person.name.rsplit_once(' ').unwrap_or(("", &person.name));
    let record = json!({
        "id": person.okta_id,
        "status": "ACTIVE",
        "created": ago(now, 400 * 24),
        "activated": ago(now, 399 * 24),
        "statusChanged": ago(now, 399 * 24),
        "lastLogin": ago(now, 6),
        "lastUpdated": ago(now, 90),
        "passwordChanged": ago(now, 2000),
        "type": {"id": "otytm00001drill00000"},
        "profile": {
            "login": person.email,
            "email": person.email,
            "secondEmail": null,
            "firstName": first,
            "lastName": last,
            "displayName": person.name,
            "employeeNumber": person.worker_id,
        },
        "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
    });
    let factor = json!({
        "id": org.number("opf"),
        "factorType": "push",
        "provider": "OKTA",
        "vendorName": "OKTA",
        "status": "ACTIVE",
        "created": ago(now, 390 * 24),
        "lastUpdated": ago(now, 390 * 24),
        "profile": {"deviceType": "SmartPhone_Android", "name": "phone", "platform": "ANDROID"},
    });
    User {
        record,
        groups: org.groups.keys().take(6).cloned().collect(),
        apps: org.apps.keys().cloned().collect(),
        factors: vec![factor],
        sessions: 2,
        app_sessions: org.apps.keys().take(3).cloned().collect(),
        ..User::default()
    }
}

fn role(org: &mut Org, kind: &str, by: &str, now: Timestamp) -> Value {
    json!({
        "id": org.number("ra1"),
        "label": kind,
        "type": kind,
        "status": "ACTIVE",
        "assignmentType": by,
        "created": ago(now, 2000),
        "lastUpdated": ago(now, 2000),
    })
}

/// What somebody with work on the platform has.
fn equip(org: &mut Org, person: &Person, now: Timestamp) {
    let groups: Vec<String> = org.groups.keys().take(5).cloned().collect();
    let app = org.apps.keys().next().cloned();
    let mut roles = vec![
        Role {
            record: role(org, "HELP_DESK_ADMIN", "USER", now),
            groups,
            apps: Vec::new(),
        },
        Role {
            record: role(org, "APP_ADMIN", "USER", now),
            groups: Vec::new(),
            apps: vec![("slack".to_owned(), None), ("github_cloud".to_owned(), app)],
        },
        Role {
            record: role(org, "READ_ONLY_ADMIN", "GROUP", now),
            groups: Vec::new(),
            apps: Vec::new(),
        },
    ];
    let mut custom = role(org, "CUSTOM", "USER", now);
    set(&mut custom, "label", "Access review operator".into());
    set(&mut custom, "role", org.number("cr0").into());
    set(&mut custom, "resource-set", org.number("iam").into());
    roles.push(Role {
        record: custom,
        groups: Vec::new(),
        apps: Vec::new(),
    });
    let factor = json!({
        "id": org.number("uft"),
        "factorType": "token:software:totp",
        "provider": "GOOGLE",
        "vendorName": "GOOGLE",
        "status": "ACTIVE",
        "created": ago(now, 300),
        "lastUpdated": ago(now, 300),
        "profile": {"credentialId": person.email},
    });
    let (clients, grants) = consents(org, person, now);
    device(
        org,
        &format!("laptop of {}", person.name),
        "MACOS",
        &[person],
        now,
    );
    if let Some(user) = org.users.get_mut(&person.okta_id) {
        user.roles = roles;
        user.factors.push(factor);
        user.clients = clients;
        user.grants = grants;
    }
}

/// Apps that act for a person: their refresh tokens and the person's consents.
fn consents(
    org: &mut Org,
    person: &Person,
    now: Timestamp,
) -> (BTreeMap<String, Client>, Vec<Value>) {
    let issuer = format!("https://{}/oauth2/default", org.domain);
    let mut clients = BTreeMap::new();
    let mut grants = Vec::new();
    for (name, tokens) in [("Release console", 4), ("Metrics reader", 1)] {
        let client = org.number("0oa");
        let made: Vec<Value> = (0..tokens)
            .map(|_| {
                json!({
                    "id": org.number("oar"),
                    "clientId": client,
                    "userId": person.okta_id,
                    "status": "ACTIVE",
                    "issuer": issuer,
                    "scopes": ["offline_access", "openid"],
                    "created": ago(now, 50),
                    "lastUpdated": ago(now, 50),
                    "expiresAt": ago(now, -200),
                })
            })
            .collect();
        for scope in ["offline_access", "releases.write"] {
            grants.push(json!({
                "id": org.number("oag"),
                "clientId": client,
                "userId": person.okta_id,
                "status": "ACTIVE",
                "issuer": issuer,
                "scopeId": scope,
                "source": "END_USER",
                "created": ago(now, 50),
                "lastUpdated": ago(now, 50),
            }));
        }
        clients.insert(
            client,
            Client {
                name: name.to_owned(),
                tokens: made,
            },
        );
    }
    (clients, grants)
}

fn device(org: &mut Org, name: &str, platform: &str, people: &[&Person], now: Timestamp) {
    let id = org.number("guo");
    let record = json!({
        "id": id,
        "status": "ACTIVE",
        "created": ago(now, 300 * 24),
        "lastUpdated": ago(now, 30),
        "profile": {"displayName": name, "platform": platform, "registered": true, "managed": false},
        "resourceType": "UDDevice",
        "resourceDisplayName": {"value": name, "sensitive": false},
        "resourceId": id,
    });
    let users = people.iter().map(|person| person.okta_id.clone()).collect();
    org.devices.insert(id, Device { record, users });
}

/// A device that several people use: suspending it would hit a colleague.
fn kiosk(org: &mut Org, people: &[&Person], now: Timestamp) {
    device(org, "meeting room console", "WINDOWS", people, now);
}

/// Who administers, and the API tokens.
fn administer(org: &mut Org, company: &Company, now: Timestamp) {
    let guardian = company.guardian.okta_id.clone();
    let record = role(org, "SUPER_ADMIN", "USER", now);
    if let Some(user) = org.users.get_mut(&guardian) {
        user.roles.push(Role {
            record,
            groups: Vec::new(),
            apps: Vec::new(),
        });
    }
    for (name, person) in [
        (OUR_TOKEN, &company.guardian),
        (THEIR_TOKEN, &company.subject),
        ("wiki-import", &company.lookalike),
    ] {
        let id = org.number("00T");
        let record = json!({
            "id": id,
            "name": name,
            "userId": person.okta_id,
            "clientName": "Okta API",
            "network": {"connection": "ANYWHERE"},
            "created": ago(now, 900),
            "lastUpdated": ago(now, 5),
            "expiresAt": ago(now, -700),
        });
        // Not a format of real tokens, so that no scanner takes it for one.
        let secret = format!("drill-{}", uuid::Uuid::now_v7().simple());
        org.api_tokens.insert(
            id,
            ApiToken {
                record,
                user: person.okta_id.clone(),
                secret,
            },
        );
    }
}

/// What the log holds already: enough for several pages, some of it about others.
fn remember(org: &mut Org, company: &Company, now: Timestamp) {
    let (subject, other) = (
        company.subject.okta_id.clone(),
        company.lookalike.okta_id.clone(),
    );
    let app = org.apps.keys().next().cloned().unwrap_or_default();
    for day in (0..8).rev() {
        let at = |minutes: i64| {
            now.saturating_sub(SignedDuration::from_mins(day * 24 * 60 + minutes))
                .unwrap_or(now)
        };
        org.note(at(380), "user.session.start", &subject, &[&subject]);
        org.note(at(370), "user.authentication.sso", &subject, &[&app]);
        org.note(at(365), "user.session.start", &other, &[&other]);
    }
    let made = now
        .saturating_sub(SignedDuration::from_hours(60))
        .unwrap_or(now);
    org.note(made, "system.api_token.create", &subject, &[THEIR_TOKEN]);
}

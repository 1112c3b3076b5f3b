//! Tokens of the API: one role of their person, for their cases, until they end.

use cordon::access::{Role, Via};
use cordon::id::CaseId;
use cordon::signin::Opened;
use cordon::signin::token::NewToken;

use super::{FROM, Place};

fn new(role: Role) -> NewToken {
    NewToken {
        name: "nightly\u{1b}[2J report".to_owned(),
        person: "Ada".to_owned(),
        role,
        cases: None,
        days: 30,
    }
}

#[test]
fn a_token_acts_in_one_role_of_its_person_until_it_ends() {
    let (mut place, signin) = Place::new();
    let case = CaseId::fresh();
    let cases = Some([case.clone()].into());
    let (text, token) = signin
        .new_token(
            NewToken {
                cases,
                ..new(Role::Legal)
            },
            "Ada",
        )
        .unwrap();
    assert!(text.starts_with("cordon_") && text.len() == 50);
    assert_eq!(token.name, "nightly[U+001B][2J report");
    let principal = signin.bearer(&text).unwrap().unwrap();
    assert_eq!(principal.roles(), [Role::Legal].into());
    let Via::Token {
        cases: Some(cases), ..
    } = &principal.via
    else {
        panic!("{principal:?}");
    };
    assert!(cases.contains(&case));
    assert!(signin.tokens(Some("Ada")).unwrap()[0].used.is_some());
    let shown = serde_json::to_string(&signin.tokens(None).unwrap()).unwrap();
    let bare = text.strip_prefix("cordon_").unwrap();
    assert!(!shown.contains(bare));
    for other in ["", "cordon_", "cordon_A", bare, &format!("{text}A")] {
        assert!(signin.bearer(other).unwrap().is_none(), "{other}");
    }
    // The role is gone: so is the token, while a token of the role that is left works on.
    let (auditor, _) = signin.new_token(new(Role::Auditor), "Ada").unwrap();
    drop(signin);
    place.people[0].roles = vec!["auditor".to_owned()];
    let signin = place.open();
    assert!(signin.bearer(&text).unwrap().is_none());
    assert!(signin.bearer(&auditor).unwrap().is_some());
    place.wait(30 * 24 * 3600);
    assert!(signin.bearer(&auditor).unwrap().is_none());
}

#[test]
fn a_token_is_never_more_than_its_person_and_only_its_person_revokes_it() {
    let (_place, signin) = Place::new();
    for refused in [
        new(Role::Administrator),
        NewToken {
            days: 0,
            ..new(Role::Legal)
        },
        NewToken {
            days: 367,
            ..new(Role::Legal)
        },
        NewToken {
            name: " \n".to_owned(),
            ..new(Role::Legal)
        },
        NewToken {
            cases: Some([].into()),
            ..new(Role::Legal)
        },
    ] {
        assert_eq!(
            signin.new_token(refused, "Ada").unwrap_err().code(),
            "token"
        );
    }
    let (text, token) = signin.new_token(new(Role::Legal), "Ada").unwrap();
    let other = signin
        .revoke_token(&token.id, Some("Bo"), "Bo")
        .unwrap_err();
    assert_eq!(other.code(), "no-token");
    assert!(signin.bearer(&text).unwrap().is_some());
    signin.revoke_token(&token.id, Some("Ada"), "Ada").unwrap();
    assert!(signin.bearer(&text).unwrap().is_none());
}

#[test]
fn a_break_glass_session_makes_no_token_and_a_new_invitation_ends_those_there_are() {
    let (place, signin) = Place::new();
    let codes = signin
        .seal_glass("Ada", "operator", "yearly renewal")
        .unwrap();
    let glass = signin
        .break_glass("Ada", &codes[0], "all is down", FROM)
        .unwrap();
    let via = |opened: &Opened| signin.visit(&opened.ticket).unwrap().unwrap().principal.via;
    let refused = signin
        .own_token(new(Role::Legal), &via(&glass))
        .unwrap_err();
    assert_eq!(refused.code(), "may-not");
    assert!(refused.hints()[0].contains("with a passkey"), "{refused:?}");
    assert!(signin.tokens(None).unwrap().is_empty());
    let (_, opened) = place.enrol(&signin, "Ada");
    let made = |opened: &Opened| signin.own_token(new(Role::Legal), &via(opened)).unwrap().0;
    let first = made(&opened);
    assert!(signin.bearer(&first).unwrap().is_some());
    // A token makes none, nor does the session of somebody else.
    let by_token = signin.bearer(&first).unwrap().unwrap().via;
    let (_, other) = place.enrol(&signin, "Bo");
    for via in [by_token, via(&other)] {
        let refused = signin.own_token(new(Role::Legal), &via).unwrap_err();
        assert_eq!(refused.code(), "may-not");
    }
    signin.invite("Bo", "operator").unwrap();
    assert!(signin.bearer(&first).unwrap().is_some());
    signin.invite("Ada", "operator").unwrap();
    assert!(signin.bearer(&first).unwrap().is_none());
    let (_, opened) = place.enrol(&signin, "Ada");
    let second = made(&opened);
    signin.revoke("Ada", "Bo").unwrap();
    assert!(signin.bearer(&second).unwrap().is_none());
}

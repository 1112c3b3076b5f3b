//! Break-glass: it lets in when nothing else does, once per code, and never quietly.

use std::sync::{Arc, Mutex};

use cordon::signin::What;

use super::{FROM, Place, attempt};

const WHY: &str = "the identity provider is down";

#[test]
fn a_code_works_once_rings_a_bell_and_another_administrator_acknowledges_it() {
    let (place, signin) = Place::new();
    let codes = signin
        .seal_glass("Bo", "operator", "yearly renewal")
        .unwrap();
    assert_eq!(codes.len(), 8);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    signin.on_bell(move |bell| told.lock().unwrap().push(bell.clone()));
    // Locked out, and still let in by a code.
    for _ in 0..6 {
        signin
            .enter(&attempt("Bo", "not the passphrase", ""))
            .unwrap_err();
    }
    let typed = codes[0].to_uppercase().replace('-', " ");
    assert_eq!(
        signin
            .break_glass("Bo", &typed, " ", FROM)
            .unwrap_err()
            .code(),
        "reason"
    );
    let opened = signin.break_glass("Bo", &typed, WHY, FROM).unwrap();
    let again = signin.break_glass("Bo", &codes[0], WHY, FROM).unwrap_err();
    let nobody = signin.break_glass("Zed", &codes[1], WHY, FROM).unwrap_err();
    let another = signin.break_glass("Ada", &codes[1], WHY, FROM).unwrap_err();
    for fault in [&again, &nobody, &another] {
        assert_eq!(fault.code(), "signin-refused");
    }
    assert_eq!(heard.lock().unwrap().len(), 1);
    let bell = signin.bells().remove(0);
    assert_eq!((bell.person.as_str(), bell.reason.as_str()), ("Bo", WHY));
    assert_eq!(signin.untold_bells().unwrap().len(), 1);
    signin.bell_told(&bell.id).unwrap();
    // It is still there after a stop, until it is acknowledged.
    drop(signin);
    let signin = place.open();
    assert_eq!(signin.bells().len(), 1);
    assert!(signin.untold_bells().unwrap().is_empty());
    for by in ["Bo", "Ada", "Zed"] {
        assert_eq!(
            signin.acknowledge(&bell.id, by).unwrap_err().code(),
            "may-not"
        );
    }
    assert_eq!(
        signin.acknowledge("00", "Cy").unwrap_err().code(),
        "no-bell"
    );
    signin.acknowledge(&bell.id, "Cy").unwrap();
    assert!(signin.bells().is_empty());
    let done: Vec<What> = signin
        .journal(3)
        .unwrap()
        .iter()
        .map(|entry| entry.what)
        .collect();
    assert_eq!(done[0], What::BellAcknowledged);
    // Such a session is short.
    place.wait(29 * 60);
    assert!(signin.visit(&opened.ticket).unwrap().is_some());
    place.wait(29 * 60);
    assert!(signin.visit(&opened.ticket).unwrap().is_some());
    place.wait(3 * 60);
    assert!(signin.visit(&opened.ticket).unwrap().is_none());
}

#[test]
fn a_new_envelope_voids_the_old_one_and_so_does_revoking() {
    let (_place, signin) = Place::new();
    let old = signin
        .seal_glass("Bo", "operator", "yearly renewal")
        .unwrap();
    let new = signin
        .seal_glass("Bo", "operator", "yearly renewal")
        .unwrap();
    signin.break_glass("Bo", &old[0], WHY, FROM).unwrap_err();
    signin.break_glass("Bo", &new[0], WHY, FROM).unwrap();
    signin.revoke("Bo", "Cy").unwrap();
    signin.break_glass("Bo", &new[1], WHY, FROM).unwrap_err();
}

//! SIGHUP: the people of the configuration are read again, and who is no longer named is out.

use std::fs;

use rustix::process::Signal;

use super::House;
use crate::program::until;

const CONFIG: &str = "data = \"data\"\n[serve]\nlisten = \"127.0.0.1:0\"\n";

fn person(name: &str, role: &str) -> String {
    format!(
        "[[people]]\nname = \"{name}\"\nroles = [\"{role}\"]\nemails = [\"{name}@company.example\"]\n"
    )
}

#[test]
fn who_is_no_longer_named_is_out_at_sighup_and_what_is_not_right_changes_nothing() {
    let house = House::new("");
    let write = |people: &[String]| {
        fs::write(
            house.path("cordon.toml"),
            format!("{CONFIG}{}", people.concat()),
        )
        .unwrap();
    };
    let (bo, cy) = (person("Bo", "legal"), person("Cy", "incident_lead"));
    write(&[bo.clone(), cy.clone()]);
    let daemon = house.start();
    let token = |name: &str, role: &str| {
        let args = ["token", "new", name, "--role", role, "--json"];
        let made = house.program.run(&args).json();
        format!(
            "authorization: Bearer {}\r\n",
            made["token"].as_str().unwrap()
        )
    };
    let (bo_token, cy_token) = (token("Bo", "legal"), token("Cy", "incident_lead"));
    let asks = |token: &str| daemon.get("/api/v1/cases", token).status;
    let hangup = |words: &str| {
        let before = house.log().matches(words).count();
        daemon.signal(Signal::HUP);
        until(words, || {
            (house.log().matches(words).count() > before).then_some(())
        });
    };
    assert_eq!((asks(&bo_token), asks(&cy_token)), (200, 200));

    write(&[bo.clone(), "[[people]]\nname = 7\n".to_owned()]);
    hangup("those before stay");
    assert_eq!((asks(&bo_token), asks(&cy_token)), (200, 200));

    write(std::slice::from_ref(&bo));
    hangup("the people were read again");
    assert_eq!((asks(&bo_token), asks(&cy_token)), (200, 401));
    assert!(house.log().contains("\"removed\":1"), "{}", house.log());

    // Named again, they begin anew: what was taken does not come back.
    write(&[bo.clone(), cy.clone()]);
    hangup("the people were read again");
    assert_eq!((asks(&bo_token), asks(&cy_token)), (200, 401));
    assert_eq!(asks(&token("Cy", "incident_lead")), 200);

    // In another role, a token of the one before is good for nothing.
    write(&[person("Bo", "auditor"), cy]);
    hangup("the people were read again");
    assert_eq!(asks(&bo_token), 401);
    assert!(!house.log().contains("company.example"));
}

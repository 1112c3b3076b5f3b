//! Under systemd: the unit that is printed, and what the daemon tells while it runs.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use super::{House, has};

#[test]
fn the_unit_is_right_and_gives_few_rights() {
    let house = House::new("");
    let said = house.program.run(&["serve", "--unit"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("\nType=notify\n"), "{said:?}");
    if !has("systemd-analyze", &["--version"]) {
        return;
    }
    let unit = house.path("cordon.service");
    // What it starts is not installed here.
    let text = said.out.replace("/usr/local/bin/cordon", "/bin/true");
    fs::write(&unit, text).unwrap();
    let analyze = |arguments: &[&str]| {
        let mut command = Command::new("systemd-analyze");
        command.args(arguments).arg(&unit).output().unwrap()
    };
    let verified = analyze(&["verify"]);
    assert!(
        verified.status.success() && verified.stderr.is_empty(),
        "{verified:?}"
    );
    // Of 10; 2.0 is what it calls OK.
    let exposed = analyze(&["security", "--no-pager", "--offline=true", "--threshold=20"]);
    assert!(exposed.status.success(), "{exposed:?}");
}

#[test]
fn systemd_hears_again_and_again_that_it_lives() {
    let house = House::new("[serve]\nlisten = \"127.0.0.1:0\"\n");
    let socket = house.path("notify");
    let notify = UnixDatagram::bind(&socket).unwrap();
    notify
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let hear = || {
        let mut state = [0; 64];
        let length = notify.recv(&mut state).unwrap();
        String::from_utf8_lossy(&state[..length]).into_owned()
    };
    let _daemon = house.start_with(|command| {
        command
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "400000");
    });
    assert_eq!(hear(), "READY=1");
    for _ in 0..4 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
}

//! The outbox of the program: whatever the server does, and wherever the program is killed, a notice is
//! delivered once unless a person says otherwise; and what comes back finds its notice.

use std::path::PathBuf;

use cordon::sshsig::Signer;

use crate::mail::smtp::Smtp;
use crate::program::{Ended, Program};

/// A program with a case, an approved notice, and a server that fails as told.
struct Office {
    folder: tempfile::TempDir,
    smtp: Smtp,
    program: Program,
    case: String,
    notice: String,
}

impl Office {
    fn with(behaviours: &[&str]) -> Option<Self> {
        let smtp = Smtp::start(behaviours)?;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("bo");
        let public = Signer::generate(&key, "bo").unwrap().public().line();
        let config = folder.path().join("cordon.toml");
        let text = format!(
            "data = \"data\"\n[[people]]\nname = \"Bo\"\nroles = [\"legal\", \"executive\", \"incident_lead\"]\nemails = [\"bo@company.example\"]\nkey = \"{public}\"\n\
             [[people]]\nname = \"Office\"\nroles = [\"executive\"]\nemails = [\"office@other.example\"]\n\
             [mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"desk@company.example\"\n",
            smtp.port
        );
        std::fs::write(&config, text).unwrap();
        let program = Program::at(folder.path(), Some(config));
        let mut office = Self {
            folder,
            smtp,
            program,
            case: String::new(),
            notice: String::new(),
        };
        let opened = office.run("case open --email someone@mail-one.example");
        opened.out.trim().clone_into(&mut office.case);
        let drafted = office.run("notice draft CASE executive --json").json();
        drafted["notice"]
            .as_str()
            .unwrap()
            .clone_into(&mut office.notice);
        let approved = office.run("notice approve CASE NOTICE --as Bo --key KEY --reason read");
        assert!(approved.err.contains("notice send"), "{approved:?}");
        Some(office)
    }

    fn args(&self, line: &str) -> Vec<String> {
        let key = self.key().display().to_string();
        let word = |word: &str| match word {
            "CASE" => self.case.clone(),
            "NOTICE" => self.notice.clone(),
            "KEY" => key.clone(),
            word => word.to_owned(),
        };
        line.split(' ').map(word).collect()
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("bo")
    }

    fn run(&self, line: &str) -> Ended {
        let args = self.args(line);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.program.run(&args)
    }

    /// Sends, and expects this exit code.
    fn send(&self, rest: &str, code: i32) -> Ended {
        let ended = self.run(format!("notice send CASE NOTICE --incomplete {rest}").trim());
        assert_eq!(ended.code, Some(code), "{ended:?}");
        ended
    }

    /// Sends, and is killed when the server stalls.
    fn killed(&self, stage: &str) {
        let args = self.args("notice send CASE NOTICE --incomplete --to office@other.example");
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut child = self.program.command(&args).spawn().unwrap();
        assert_eq!(self.smtp.stage(), stage);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn line(&self) -> serde_json::Value {
        self.run("notice list CASE --json").json()["drafts"][0].clone()
    }
}

fn message_id(mail: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail).unwrap();
    parsed.message_id().unwrap().to_owned()
}

const TO: &str = "--to office@other.example";

#[test]
fn what_the_server_asks_to_have_later_goes_out_once_and_as_it_was() {
    let Some(office) = Office::with(&["later", "greylist", "ok"]) else {
        return;
    };
    for attempt in 1..=2 {
        let later = office.send(if attempt == 1 { TO } else { "" }, 3);
        assert!(
            later.err.contains("mail-delayed") || later.err.contains("not taken yet"),
            "{later:?}"
        );
        let line = office.line();
        assert_eq!(line["delayed"]["attempts"], attempt, "{line}");
        let status = office.run("status CASE").out;
        assert!(status.contains("not taken yet"), "{status}");
    }
    let waits = office.line()["delayed"]["message_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let sent = office.send("", 0);
    assert!(
        sent.out.contains("4711") && sent.out.contains(&waits),
        "{sent:?}"
    );
    assert_eq!(format!("<{}>", message_id(&office.smtp.mail())), waits);
    office.send(TO, 2);
    assert!(office.smtp.silent(), "one mail");
    assert_eq!(office.line()["sent"], true);
}

#[test]
fn wherever_the_program_is_killed_nothing_is_sent_twice_by_itself() {
    for stage in ["ehlo", "rcpt", "data"] {
        let stalls = format!("stall-{stage}");
        let Some(office) = Office::with(&[&stalls, "ok"]) else {
            return;
        };
        let mut delivered = Vec::new();
        if stage == "data" {
            let args =
                office.args("notice send CASE NOTICE --incomplete --to office@other.example");
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let mut child = office.program.command(&args).spawn().unwrap();
            delivered.push(message_id(&office.smtp.mail()));
            assert_eq!(office.smtp.stage(), "data");
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            office.killed(stage);
        }
        let again = office.send(TO, 1);
        assert!(again.err.contains("no clear end"), "{again:?}");
        let begun = office.line()["sending"].as_str().unwrap().to_owned();
        let status = office.run("status CASE").out;
        assert!(status.contains("no clear end"), "{status}");
        assert!(office.smtp.silent(), "{stage}: nothing goes out by itself");
        if stage != "data" {
            // A person looked at the server, which has nothing.
            office.send("--again", 0);
            delivered.push(message_id(&office.smtp.mail()));
        }
        assert_eq!(
            delivered,
            [begun.trim_matches(['<', '>'])],
            "{stage}: one mail"
        );
        assert!(office.smtp.silent());
    }
}

#[test]
fn an_end_that_nobody_knows_waits_for_a_person_and_repeats_the_same_mail() {
    let Some(office) = Office::with(&["drop", "refused", "ok"]) else {
        return;
    };
    let unclear = office.send(TO, 1);
    assert!(unclear.err.contains("no clear answer"), "{unclear:?}");
    let first = office.smtp.mail();
    office.send(TO, 1);
    assert!(office.smtp.silent());
    let refused = office.send("--again", 1);
    assert!(refused.err.contains("refused the mail"), "{refused:?}");
    // What was refused is over: the next is another mail.
    office.send(TO, 0);
    assert_ne!(message_id(&office.smtp.mail()), message_id(&first));
}

/// A notification as Postfix writes it.
fn notification(message_id: &str, action: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.other.example\r\nSubject: Undelivered Mail\r\nTo: desk@company.example\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.other.example\r\n\r\n\
         Final-Recipient: rfc822; office@other.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <office@other.example>:\r\n \x1b[2J unknown {}\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nSubject: Access review\r\n\r\n--b--\r\n",
        "x".repeat(5_000)
    )
}

#[test]
fn what_comes_back_finds_its_notice_and_nothing_else_does() {
    let Some(office) = Office::with(&["ok"]) else {
        return;
    };
    office.send(TO, 0);
    let id = format!("<{}>", message_id(&office.smtp.mail()));
    let take = |text: &str, code: i32| {
        std::fs::write(office.folder.path().join("bounce.eml"), text).unwrap();
        let file = office
            .folder
            .path()
            .join("bounce.eml")
            .display()
            .to_string();
        let ended = office.run(&format!("notice bounce CASE {file}"));
        assert_eq!(ended.code, Some(code), "{ended:?}");
        ended
    };
    let other = take(&notification("<other@company.example>", "failed"), 2);
    assert!(
        other.err.contains("no mail that this case has sent"),
        "{other:?}"
    );
    let arrived = take(&notification(&id, "delivered"), 2);
    assert!(
        arrived
            .err
            .contains("does not say that a mail did not arrive"),
        "{arrived:?}"
    );
    let answer = format!(
        "From: office@other.example\r\nIn-Reply-To: {id}\r\nSubject: Re: Access review\r\n\r\nThank you.\r\n"
    );
    let answer = take(&answer, 2);
    assert!(
        answer.err.contains("no message of a mail system"),
        "{answer:?}"
    );
    for hostile in [
        "",
        "\r\n",
        "\0\0\0",
        "Content-Type: multipart/report; boundary=\"\"\r\n\r\n",
    ] {
        take(hostile, 2);
    }
    assert_eq!(office.line()["bounces"].as_array().unwrap().len(), 0);
    let taken = take(&notification(&id, "failed"), 0);
    assert!(
        taken.out.contains("office@other.example: failed 5.1.1"),
        "{taken:?}"
    );
    assert!(
        !taken.out.contains('\u{1b}') && taken.out.len() < 1_000,
        "{taken:?}"
    );
    take(&notification(&id, "failed"), 0);
    let line = office.line();
    assert_eq!(
        line["bounces"].as_array().unwrap().len(),
        1,
        "taken in once: {line}"
    );
    let status = office.run("status CASE").out;
    assert!(
        status.contains("came back") && status.contains("did not reach"),
        "{status}"
    );
    // A plain message of a mail system, without a report.
    let plain = format!(
        "From: Mail Delivery System <Mailer-Daemon@mx.other.example>\r\nX-Failed-Recipients: office@other.example\r\n\
         Subject: Mail delivery failed\r\n\r\nThis is a copy of the headers:\r\n\r\nMessage-ID: {id}\r\n"
    );
    take(&plain, 0);
    assert_eq!(office.line()["bounces"].as_array().unwrap().len(), 2);
}

//! Sending through a real SMTP server (Python's aiosmtpd): what arrives is what was approved.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use cordon::notice::Outgoing;
use cordon::notice::send::{Mail, Security, Server};

const PROGRAM: &str = r#"
import asyncio, sys
from aiosmtpd.controller import Controller

class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        sys.stdout.write("MAIL %d\n" % len(envelope.content))
        sys.stdout.flush()
        sys.stdout.buffer.write(envelope.content)
        sys.stdout.flush()
        return "250 kept as 4711"

import socket
free = socket.socket()
free.bind(("127.0.0.1", 0))
port = free.getsockname()[1]
free.close()
controller = Controller(Keep(), hostname="127.0.0.1", port=port)
controller.start()
print("PORT", port, flush=True)
sys.stdin.read()
"#;

struct Smtp {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    port: u16,
}

impl Smtp {
    #[expect(clippy::print_stderr, reason = "says why the test did nothing")]
    fn start() -> Option<Self> {
        let there = Command::new("python3")
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null())
            .status();
        if !there.is_ok_and(|status| status.success()) {
            eprintln!("not run: python3 with aiosmtpd is not here");
            return None;
        }
        let mut child = Command::new("python3")
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("PORT ").unwrap().parse().unwrap();
        Some(Self { child, out, port })
    }

    fn received(&mut self) -> Vec<u8> {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        let length: usize = line.trim().strip_prefix("MAIL ").unwrap().parse().unwrap();
        let mut mail = vec![0; length];
        self.out.read_exact(&mut mail).unwrap();
        mail
    }

    fn server(&self) -> Server {
        Server {
            host: "127.0.0.1".into(),
            port: self.port,
            security: Security::None,
            login: None,
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn outgoing(body: &str) -> Outgoing {
    Outgoing {
        subject: "Access review: where we are".to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn what_arrives_is_what_was_approved() {
    let Some(mut smtp) = Smtp::start() else {
        return;
    };
    let text = "Line one\nUmlaut: Prüfung\n\n.\nA line with a lone dot stood above.\n";
    let to = ["counsel@company.example".to_owned()];
    let mail = Mail::compose(
        &outgoing(text),
        "desk@company.example",
        &to,
        "<one@company.example>",
    )
    .unwrap();
    let reply = smtp.server().send(&mail).await.unwrap();
    assert!(reply.contains("4711"), "{reply}");
    let received = smtp.received();
    let parsed = mail_parser::MessageParser::default()
        .parse(&received)
        .unwrap();
    assert_eq!(parsed.message_id(), Some("one@company.example"));
    assert_eq!(parsed.subject(), Some("Access review: where we are"));
    assert_eq!(
        parsed
            .body_text(0)
            .unwrap()
            .replace("\r\n", "\n")
            .trim_end(),
        text.trim_end()
    );
}

#[tokio::test]
async fn a_refusal_says_so_and_is_no_unclear_end() {
    let Some(smtp) = Smtp::start() else { return };
    let to = ["refused@company.example".to_owned()];
    let mail = Mail::compose(
        &outgoing("text"),
        "desk@company.example",
        &to,
        "<two@company.example>",
    )
    .unwrap();
    let fault = smtp.server().send(&mail).await.unwrap_err();
    assert_eq!(fault.code(), "mail-refused");
}

#[tokio::test]
async fn a_server_that_is_not_there_leaves_an_unclear_end_and_plain_mail_stays_on_loopback() {
    let to = ["counsel@company.example".to_owned()];
    let mail = Mail::compose(
        &outgoing("text"),
        "desk@company.example",
        &to,
        "<three@company.example>",
    )
    .unwrap();
    let server = |host: &str| Server {
        host: host.into(),
        port: 1,
        security: Security::None,
        login: None,
    };
    assert_eq!(
        server("127.0.0.1").send(&mail).await.unwrap_err().code(),
        "mail-unclear"
    );
    assert_eq!(
        server("mail.company.example")
            .send(&mail)
            .await
            .unwrap_err()
            .code(),
        "mail"
    );
}

#[test]
fn an_address_cannot_carry_another_header() {
    let to = ["counsel@company.example\r\nBcc: all@company.example".to_owned()];
    assert_eq!(
        Mail::compose(&outgoing("t"), "desk@company.example", &to, "<x@y.example>")
            .unwrap_err()
            .code(),
        "address"
    );
    assert_eq!(
        Mail::compose(&outgoing("t"), "desk@company.example", &[], "<x@y.example>")
            .unwrap_err()
            .code(),
        "no-recipient"
    );
}

//! Sending through a real SMTP server (Python's aiosmtpd): what arrives is what was approved.

mod sealed;
pub(crate) mod smtp;

use cordon::canon::Digest;
use cordon::notice::Outgoing;
use cordon::notice::send::{Answer, Attachment, Letter, Mail, dkim, seal::Seal};
use mail_parser::{MessageParser, MimeHeaders as _};
use smtp::{Smtp, at};

fn outgoing(body: &str) -> Outgoing {
    Outgoing {
        subject: "Access review: where we are".to_owned(),
        body: body.to_owned(),
    }
}

/// A mail to one address, as the tests vary it.
struct Case<'a> {
    text: &'a str,
    to: &'a str,
    attachments: &'a [Attachment],
    seal: Option<&'a Seal>,
    dkim: Option<&'a dkim::Signer>,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            text: "Line one\nUmlaut: Prüfung\n\n.\nA line with a lone dot stood above.\n",
            to: "counsel@company.example",
            attachments: &[],
            seal: None,
            dkim: None,
        }
    }
}

impl Case<'_> {
    fn mail(&self) -> cordon::fault::Result<Mail> {
        Mail::compose(&Letter {
            outgoing: &outgoing(self.text),
            from: "Case desk <desk@company.example>",
            to: &[self.to.to_owned()],
            message_id: "<one@company.example>",
            at: "2026-03-13T03:12:00Z".parse().unwrap(),
            attachments: self.attachments,
            seal: self.seal,
            dkim: self.dkim,
        })
    }
}

#[tokio::test]
async fn what_arrives_is_what_was_approved() {
    let Some(smtp) = Smtp::start(&["ok"]) else {
        return;
    };
    let case = Case::default();
    let mail = case.mail().unwrap();
    let answer = smtp.server().send(&mail).await.unwrap();
    assert_eq!(answer, Answer::Taken("250 kept as 4711".into()));
    let received = smtp.mail();
    assert_eq!(received, [mail.bytes(), b"\r\n"].concat(), "byte for byte");
    let parsed = MessageParser::default().parse(&received).unwrap();
    assert_eq!(parsed.message_id(), Some("one@company.example"));
    assert_eq!(parsed.subject(), Some("Access review: where we are"));
    let body = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(body.trim_end(), case.text.trim_end());
    let text = String::from_utf8(received).unwrap();
    assert!(
        text.contains("\r\nDate: Fri, 13 Mar 2026 03:12:00 +0000\r\n"),
        "{text}"
    );
    assert!(
        text.contains("Content-Transfer-Encoding: quoted-printable\r\n"),
        "{text}"
    );
    assert!(
        !text.to_lowercase().contains("flowed") && !text.contains("Auto-Submitted"),
        "{text}"
    );
}

#[tokio::test]
async fn each_answer_of_a_server_is_told_apart() {
    let behaviours = ["later", "greylist", "refused", "drop", "ok"];
    let Some(smtp) = Smtp::start(&behaviours) else {
        return;
    };
    let mail = Case::default().mail().unwrap();
    let mut answers = Vec::new();
    for _ in behaviours {
        answers.push(smtp.server().send(&mail).await.unwrap());
    }
    assert!(
        matches!(&answers[0], Answer::Later(why) if why.contains("try again")),
        "{answers:?}"
    );
    assert!(
        matches!(&answers[1], Answer::Later(why) if why.contains("come again")),
        "{answers:?}"
    );
    assert!(
        matches!(&answers[2], Answer::Refused(why) if why.contains("not this")),
        "{answers:?}"
    );
    assert!(matches!(&answers[3], Answer::Unclear(_)), "{answers:?}");
    assert!(matches!(&answers[4], Answer::Taken(_)), "{answers:?}");
    let refused = Case {
        to: "refused@company.example",
        ..Case::default()
    };
    let answer = smtp.server().send(&refused.mail().unwrap()).await.unwrap();
    assert!(
        matches!(&answer, Answer::Refused(why) if why.contains("no such mailbox")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_took_nothing_and_plain_mail_stays_on_loopback() {
    let mail = Case::default().mail().unwrap();
    let answer = at(1).send(&mail).await.unwrap();
    assert!(matches!(answer, Answer::Later(_)), "{answer:?}");
    let mut far = at(1);
    far.host = "mail.company.example".into();
    assert_eq!(far.send(&mail).await.unwrap_err().code(), "mail");
}

#[test]
fn an_address_cannot_carry_another_header() {
    for to in [
        "counsel@company.example\r\nBcc: all@company.example",
        "\"x\r\nBcc: all@company.example\" <counsel@company.example>",
        "prüfung@company.example",
        "counsel",
    ] {
        let case = Case {
            to,
            ..Case::default()
        };
        assert_eq!(case.mail().unwrap_err().code(), "address", "{to}");
    }
    let nobody = Mail::compose(&Letter {
        outgoing: &outgoing("t"),
        from: "desk@company.example",
        to: &[],
        message_id: "<x@y.example>",
        at: "2026-03-13T03:12:00Z".parse().unwrap(),
        attachments: &[],
        seal: None,
        dkim: None,
    });
    assert_eq!(nobody.unwrap_err().code(), "no-recipient");
}

#[test]
fn attachments_arrive_whole_and_their_names_are_names() {
    let names = [
        "report.pdf",
        "../../etc/passwd",
        "a\"; filename=\"b.exe",
        "x\r\nBcc: all@company.example\r\n\r\nhello.txt",
        "\u{202e}fdp.exe",
        "Prüfbericht über die Zugänge und was sonst noch in einem sehr langen Namen steht, der umgebrochen wird.pdf",
        "",
    ];
    let attachments: Vec<Attachment> = (names.iter().enumerate())
        .map(|(number, name)| Attachment {
            name: (*name).to_owned(),
            media_type: [
                "application/pdf",
                "text/html\r\nX-Bad: 1",
                "a/b/c",
                "application/json; charset=x",
            ][number % 4]
                .to_owned(),
            bytes: (0..=255).cycle().take(1000 + number).collect(),
        })
        .collect();
    let case = Case {
        attachments: &attachments,
        ..Case::default()
    };
    let mail = case.mail().unwrap();
    let parsed = MessageParser::default().parse(mail.bytes()).unwrap();
    assert_eq!(parsed.attachment_count(), attachments.len());
    let body = parsed.body_text(0).unwrap().into_owned();
    for (part, sent) in parsed.attachments().zip(&attachments) {
        assert_eq!(part.contents(), sent.bytes);
        let name = part.attachment_name().unwrap();
        assert_eq!(
            name,
            cordon::hostile::file_name(&sent.name),
            "one name, and a safe one"
        );
        assert!(
            body.contains(&Digest::of(&sent.bytes).to_string()),
            "{body}"
        );
    }
    let text = String::from_utf8_lossy(mail.bytes()).into_owned();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    for bad in ["\r\nBcc:", "\r\nX-Bad:"] {
        assert!(!text.contains(bad), "{head}");
    }
    let long = text.split("\r\n").find(|line| line.len() > 998);
    assert_eq!(long, None, "RFC 5322, 2.1.1");
    assert_eq!(
        mail.bytes(),
        case.mail().unwrap().bytes(),
        "one letter is one sequence of bytes"
    );
}

#[test]
fn a_hostile_subject_stays_in_its_line() {
    let subject = format!(
        "A\r\nBcc: all@company.example\u{202e} {}",
        "lang ".repeat(100)
    );
    let mail = Mail::compose(&Letter {
        outgoing: &Outgoing {
            subject,
            body: "t".into(),
        },
        from: "desk@company.example",
        to: &["counsel@company.example".to_owned()],
        message_id: "<x@y.example>",
        at: "2026-03-13T03:12:00Z".parse().unwrap(),
        attachments: &[],
        seal: None,
        dkim: None,
    })
    .unwrap();
    let parsed = MessageParser::default().parse(mail.bytes()).unwrap();
    assert!(parsed.bcc().is_none());
    assert!(
        parsed.subject().unwrap().starts_with("A Bcc:"),
        "{:?}",
        parsed.subject()
    );
    assert!(
        mail.bytes()
            .split(|byte| *byte == b'\n')
            .all(|line| line.len() <= 80)
    );
}

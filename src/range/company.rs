//! The company of the drills. Everything here is invented: RFC 2606 domains, RFC 5737 addresses.
//!
//! Plain data, from which the simulated providers are seeded.

use jiff::SignedDuration;
use serde_json::json;

use crate::time::{Timestamp, utc};

/// Someone with accounts at the company's providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id in the HR system.
    pub worker_id: String,
    /// What HR calls them.
    pub name: String,
    /// The work address; also the Okta login.
    pub email: String,
    /// The Okta user id.
    pub okta_id: String,
    /// The GitHub login.
    pub github_login: String,
    /// GitHub's numeric user id.
    pub github_id: u64,
}

impl Person {
    fn new(number: u64, name: &str, mailbox: &str, login: &str) -> Self {
        Self {
            worker_id: format!("TM-{number:04}"),
            name: name.to_owned(),
            email: format!("{mailbox}@{DOMAIN}"),
            // Okta ids are 20 characters and begin with 00u for users.
            okta_id: format!("00utm{number:04}drill00000{}", number % 10),
            github_login: login.to_owned(),
            github_id: 91_000_000 + number,
        }
    }
}

const DOMAIN: &str = "tallowmere.example";

/// The company and the people that matter in a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// The name.
    pub name: String,
    /// The mail domain.
    pub domain: String,
    /// The GitHub organization.
    pub org: String,
    /// Its private repositories.
    pub repositories: Vec<String>,
    /// The contractor whose departure is under review.
    pub subject: Person,
    /// A colleague with a very similar name and login. Nothing of theirs may be touched.
    pub lookalike: Person,
    /// The emergency administrator. On the protected list.
    pub guardian: Person,
    /// The two who approve: the incident lead and counsel.
    pub approvers: [Person; 2],
    /// Others who work there.
    pub colleagues: Vec<Person>,
}

impl Company {
    /// The company of every drill; the same each time.
    pub fn invented() -> Self {
        Self {
            name: "Tallowmere Analytics, Inc.".to_owned(),
            domain: DOMAIN.to_owned(),
            org: "tallowmere".to_owned(),
            repositories: ["tide-engine", "tide-console", "meter-firmware", "handbook"]
                .map(str::to_owned)
                .to_vec(),
            subject: Person::new(417, "Robin Ashgrove", "r.ashgrove", "rashgrove-dev"),
            lookalike: Person::new(174, "Robin Ashgrave", "r.ashgrave", "rashgrave-dev"),
            guardian: Person::new(1, "Emergency Administrator", "breakglass", "tm-breakglass"),
            approvers: [
                Person::new(22, "Dana Whitlock", "d.whitlock", "dwhitlock-tm"),
                Person::new(31, "Morgan Hale", "m.hale", "mhale-tm"),
            ],
            colleagues: vec![
                Person::new(58, "Jules Fenwick", "j.fenwick", "jfenwick-tm"),
                Person::new(203, "Sasha Brightwater", "s.brightwater", "sbrightwater"),
                Person::new(266, "Alex Corrigan-Vale", "a.corriganvale", "acv-tm"),
            ],
        }
    }

    /// Everyone, the subject first.
    pub fn everyone(&self) -> impl Iterator<Item = &Person> {
        [&self.subject, &self.lookalike, &self.guardian]
            .into_iter()
            .chain(&self.approvers)
            .chain(&self.colleagues)
    }

    /// The body of the HR system's message that the subject's contract ends at `effective`.
    pub fn hr_termination(&self, now: Timestamp, effective: Timestamp) -> Vec<u8> {
        self.hr_message("worker.terminated", now, effective)
    }

    /// The body of the HR system's message that takes the termination back.
    pub fn hr_recall(&self, now: Timestamp, effective: Timestamp) -> Vec<u8> {
        self.hr_message("worker.termination_recalled", now, effective)
    }

    fn hr_message(&self, kind: &str, now: Timestamp, effective: Timestamp) -> Vec<u8> {
        json!({
            "type": kind,
            "timestamp": utc(now),
            "data": {
                "worker_id": self.subject.worker_id,
                "emails": [self.subject.email],
                "display_name": self.subject.name,
                "effective_at": utc(effective),
                // What a real HR system also sends and nobody here reads.
                "cost_center": "CC-204",
                "contract": { "kind": "contractor", "agency": "Fairlead Staffing (invented)" },
            },
        })
        .to_string()
        .into_bytes()
    }
}

/// A demand by mail, as a mail server stored it `now`: free-mail sender, a deadline 72 hours away,
/// a wallet that no network accepts, a link, and a small attached archive as proof.
pub fn extortion_mail(company: &Company, now: Timestamp) -> Vec<u8> {
    let sent = now - SignedDuration::from_secs(41);
    let deadline = now + SignedDuration::from_hours(72);
    let date = |at: Timestamp| at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let (domain, repository) = (
        &company.domain,
        company
            .repositories
            .first()
            .map_or("source", String::as_str),
    );
    format!(
        "Return-Path: <ledger.notice.4471@freemail.example>\r\n\
         Received: from out7.freemail.example (out7.freemail.example [198.51.100.27])\r\n\
         \tby mx1.{domain} with ESMTPS id 4Q9xk2TM7z\r\n\
         \tfor <security@{domain}>; {received}\r\n\
         Received: from [203.0.113.84] by out7.freemail.example with HTTP; {date}\r\n\
         From: \"L. Notice\" <ledger.notice.4471@freemail.example>\r\n\
         To: security@{domain}\r\n\
         Subject: your source code\r\n\
         Date: {date}\r\n\
         Message-ID: <4471.{stamp}@out7.freemail.example>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"tm-4471\"\r\n\
         \r\n\
         --tm-4471\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         I have the full history of {repository} and the customer tables.\r\n\
         Send 6.5 BTC to {WALLET} within 72 hours, before {deadline}.\r\n\
         After that the files go to your competitor and to the press.\r\n\
         Look at the list: https://drop.listing.invalid/t/4471\r\n\
         Answer only to this address. Do not involve anyone.\r\n\
         --tm-4471\r\n\
         Content-Type: application/zip; name=\"proof.zip\"\r\n\
         Content-Disposition: attachment; filename=\"proof.zip\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         \r\n\
         {PROOF_ZIP}\r\n\
         --tm-4471--\r\n",
        received = date(now),
        date = date(sent),
        stamp = sent.as_second(),
        deadline = utc(deadline),
    )
    .into_bytes()
}

/// Looks like an address and fails its checksum.
const WALLET: &str = "bc1qta7l0were0dry0s3jn54khce6mu7xzv299q0dd";

/// A stored archive with one entry, `proof/list.txt`, that names three files of the repositories.
const PROOF_ZIP: &str = concat!(
    "UEsDBBQAAAAAAACgbF6EzL6ESAAAAEgAAAAOAAAAcHJvb2YvbGlzdC50eHR0aWRlLWVuZ2luZS9z\r\n",
    "cmMvc29sdmVyLnJzCnRpZGUtZW5naW5lL3NyYy9zdGF0aW9uLnJzCmhhbmRib29rL29uY2FsbC5t\r\n",
    "ZApQSwECFAMUAAAAAAAAoGxehMy+hEgAAABIAAAADgAAAAAAAAAAAAAAgAEAAAAAcHJvb2YvbGlz\r\n",
    "dC50eHRQSwUGAAAAAAEAAQA8AAAAdAAAAAAA",
);

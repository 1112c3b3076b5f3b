//! Approvals: a short text that a person reads and signs with their SSH key, or that the server signs
//! on behalf of a person who signed in. The text itself says which of the two.
//!
//! The text is canonical (one spelling for one meaning), so what a verifier parses is what was
//! signed. It names the case, what it lets through, the SHA-256 that it binds, and when it ends.

use std::fmt;
use std::str::FromStr;

use crate::canon::Digest;
use crate::case::event::{Person, Signed};
use crate::case::state::CaseState;
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::id::{CaseId, DeterminationId, NoticeId};
use crate::sshsig::{self, PublicKey};
use crate::time::{Timestamp, utc};

/// The first line of every approval.
const HEAD: &str = "cordon approval v1";
/// How far the signer's clock may run ahead of the log's, seconds.
const SKEW_S: i64 = 300;
/// The longest name or reason, characters.
const TEXT_LIMIT: usize = 1_000;

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A gate of a plan; the decision binds the plan's digest.
    Gate(String),
    /// A notice; the decision binds the digest of its text.
    Notice(NoticeId),
    /// A determination on the sanctions hold; the decision binds the digest of its content.
    Determination(DeterminationId),
}

impl Subject {
    /// The roles that may decide on it, as the case asks for them; `None` where it asks for none.
    pub fn roles<'a>(&self, state: &'a CaseState) -> Option<&'a [String]> {
        match self {
            Self::Gate(step) => state.gates.get(step).map(|gate| gate.roles.as_slice()),
            Self::Notice(id) => {
                let approval = state.notices.get(id)?.approval.as_ref()?;
                Some(&approval.roles)
            }
            Self::Determination(id) => {
                let record = state.determinations.get(id);
                record.map(|record| record.roles.as_slice())
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(step) => write!(f, "gate {}", one_line(step, TEXT_LIMIT)),
            Self::Notice(id) => write!(f, "notice {id}"),
            Self::Determination(id) => write!(f, "determination {id}"),
        }
    }
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Approve,
    /// Do not.
    Deny,
}

impl Decision {
    /// The word in the text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// One decision of one person, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: Subject,
    /// The SHA-256 that it binds: of the plan, or of the notice's text.
    pub binds: Digest,
    /// What was decided.
    pub decision: Decision,
    /// Who, as the roster of the case names them.
    pub person: String,
    /// Why, one line.
    pub reason: String,
    /// When it was signed, by the signer's clock; whole seconds.
    pub at: Timestamp,
    /// From when on it is void; whole seconds.
    pub expires: Timestamp,
    /// The sign-in on whose word the server signs, by the beginning of its hash; `None` when the person
    /// signs with a key.
    pub session: Option<String>,
}

/// The text that the person reads and signs.
impl fmt::Display for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        writeln!(f, "case: {}", self.case)?;
        writeln!(f, "for: {}", self.subject)?;
        writeln!(f, "binds: sha256:{}", self.binds)?;
        writeln!(f, "decision: {}", self.decision.word())?;
        writeln!(f, "person: {}", one_line(&self.person, TEXT_LIMIT))?;
        writeln!(f, "reason: {}", one_line(&self.reason, TEXT_LIMIT))?;
        writeln!(f, "signed: {}", utc(self.at))?;
        writeln!(f, "expires: {}", utc(self.expires))?;
        match &self.session {
            None => Ok(()),
            Some(session) => writeln!(f, "on behalf: {}", one_line(session, TEXT_LIMIT)),
        }
    }
}

impl FromStr for Approval {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: &str| {
            Fault::evidence(
                "approval-shape",
                format!("The text is not an approval: {what}."),
            )
        };
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(bad("the first line is another"));
        }
        let mut field = |name: &str| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(name))
                .and_then(|rest| rest.strip_prefix(": ").or_else(|| rest.strip_prefix(':')))
                .ok_or_else(|| bad(&format!("`{name}:` is missing")))
        };
        let instant = |text: &str| -> Result<Timestamp> {
            text.parse().map_err(|_| bad("a time cannot be read"))
        };
        let approval = Self {
            case: field("case")?.parse()?,
            subject: match field("for")?.split_once(' ') {
                Some(("gate", step)) => Subject::Gate(step.to_owned()),
                Some(("notice", id)) => Subject::Notice(id.parse()?),
                Some(("determination", id)) => Subject::Determination(id.parse()?),
                _ => return Err(bad("it is for no gate, notice or determination")),
            },
            binds: field("binds")?
                .strip_prefix("sha256:")
                .ok_or_else(|| bad("it binds no SHA-256"))?
                .parse()?,
            decision: match field("decision")? {
                "approve" => Decision::Approve,
                "deny" => Decision::Deny,
                _ => return Err(bad("the decision is neither approve nor deny")),
            },
            person: field("person")?.to_owned(),
            reason: field("reason")?.to_owned(),
            at: instant(field("signed")?)?,
            expires: instant(field("expires")?)?,
            session: field("on behalf").ok().map(str::to_owned),
        };
        if approval.to_string() == text {
            Ok(approval)
        } else {
            Err(bad("it is not in the one canonical spelling"))
        }
    }
}

/// What a signed decision has to be about.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The case.
    pub case: &'a CaseId,
    /// The gate or notice.
    pub subject: &'a Subject,
    /// The digest as it stands now.
    pub binds: Digest,
    /// The decision.
    pub decision: Decision,
    /// The instant at which it has to hold: now, or when the log took it in.
    pub now: Timestamp,
}

/// Checks a signed decision: every field, the time, and the signature with the person's key or, on
/// their behalf, with the key of the case's `recorder`.
///
/// # Errors
/// Kind evidence; the code says which part does not hold.
pub fn check(
    signed: &Signed,
    person: &Person,
    recorder: &str,
    expected: &Expected<'_>,
) -> Result<Approval> {
    let approval: Approval = signed.text.parse()?;
    let differs = |what: &str| {
        Fault::evidence(
            "approval-differs",
            format!("The approval is for another {what}."),
        )
        .at(format!(
            "approval of {}",
            one_line(&signed.person, TEXT_LIMIT)
        ))
    };
    if approval.case != *expected.case {
        return Err(differs("case"));
    }
    if approval.subject.to_string() != expected.subject.to_string() {
        return Err(differs("gate or notice"));
    }
    if approval.binds != expected.binds {
        return Err(differs("plan or text: what it bound has changed since"));
    }
    if approval.decision != expected.decision {
        return Err(differs("decision"));
    }
    if signed.person != person.name || approval.person != one_line(&person.name, TEXT_LIMIT) {
        return Err(differs("person"));
    }
    if approval.at.as_second() > expected.now.as_second() + SKEW_S {
        return Err(Fault::evidence(
            "approval-time",
            "The approval says it was signed later than now.",
        ));
    }
    if expected.now >= approval.expires {
        return Err(Fault::evidence(
            "approval-expired",
            format!("The approval ended at {}.", utc(approval.expires)),
        ));
    }
    verify(&approval, signed, person, recorder)?;
    Ok(approval)
}

/// Whether the signature is of the person who is named, or of the case's `recorder` where the text says
/// that the server signs on their behalf. Nothing else of the decision is looked at.
///
/// # Errors
/// Kind evidence: the text is no approval, the person is not on the roster, or the signature does not hold.
pub fn signature(people: &[Person], recorder: &str, signed: &Signed) -> Result<()> {
    let mut people = people.iter();
    let person = people
        .find(|person| person.name == signed.person)
        .ok_or_else(|| {
            let what = "The approval is by somebody who is not on the roster.";
            Fault::evidence("approval-person", what)
        })?;
    verify(&signed.text.parse()?, signed, person, recorder)
}

fn verify(approval: &Approval, signed: &Signed, person: &Person, recorder: &str) -> Result<()> {
    let (key, namespace) = match approval.session {
        None => (&*person.key, sshsig::APPROVAL),
        Some(_) => (recorder, sshsig::ON_BEHALF),
    };
    let key: PublicKey = key.parse()?;
    sshsig::verify(&key, namespace, signed.text.as_bytes(), &signed.signature)
}

/// Checks a signed decision as it stands in a case: that the person may decide, and everything that
/// [`check`] checks.
///
/// # Errors
/// Kind evidence; the code says which part does not hold.
pub fn check_in(state: &CaseState, signed: &Signed, expected: &Expected<'_>) -> Result<Approval> {
    state
        .may_decide(expected.subject.roles(state), &signed.person)
        .map_err(|why| barred(signed, &why))?;
    of_roster(state, signed, expected)
}

/// Checks a decision that the case took in as it stands since: as [`check_in`], but whoever said no,
/// and might when the log took it, is not silenced by being kept out afterwards.
///
/// # Errors
/// As [`check_in`].
pub fn check_taken(
    state: &CaseState,
    signed: &Signed,
    expected: &Expected<'_>,
) -> Result<Approval> {
    if expected.decision == Decision::Deny {
        return of_roster(state, signed, expected);
    }
    check_in(state, signed, expected)
}

fn of_roster(state: &CaseState, signed: &Signed, expected: &Expected<'_>) -> Result<Approval> {
    let mut people = state.people.iter();
    let person = people
        .find(|person| person.name == signed.person)
        .ok_or_else(|| barred(signed, "the person is not on the roster"))?;
    check(signed, person, &state.recorder, expected)
}

fn barred(signed: &Signed, why: &str) -> Fault {
    let what = format!("The decision does not count: {why}.");
    Fault::evidence("approval-person", what).at(one_line(&signed.person, TEXT_LIMIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sshsig::Signer;

    fn approval() -> Approval {
        Approval {
            case: CaseId::of(&["x"]),
            subject: Subject::Gate("contain/approve".to_owned()),
            binds: Digest::of(b"plan"),
            decision: Decision::Approve,
            person: "Ada Example".to_owned(),
            reason: "seen and checked\ndecision: deny".to_owned(),
            at: "2027-03-13T02:34:11Z".parse().unwrap(),
            expires: "2027-03-13T06:34:11Z".parse().unwrap(),
            session: None,
        }
    }

    fn expect(approval: &Approval) -> Expected<'_> {
        Expected {
            case: &approval.case,
            subject: &approval.subject,
            binds: approval.binds,
            decision: approval.decision,
            now: approval.at,
        }
    }

    #[test]
    fn the_text_has_one_spelling_and_no_second_decision_line() {
        let text = approval().to_string();
        assert_eq!(text.lines().count(), 9);
        assert_eq!(text.parse::<Approval>().unwrap().to_string(), text);
        assert!(
            text.replace("approve\n", "approve \n")
                .parse::<Approval>()
                .is_err()
        );
        assert!(format!("{text}\n").parse::<Approval>().is_err());
        assert!(text.replace('\n', "\r\n").parse::<Approval>().is_err());
    }

    #[test]
    fn what_the_server_signs_says_so_and_counts_with_no_other_key() {
        let dir = tempfile::tempdir().unwrap();
        let key = |name: &str| Signer::generate(&dir.path().join(name), name).unwrap();
        let (recorder, ada) = (key("recorder"), key("ada"));
        let own = approval();
        let behalf = Approval {
            session: Some("1a2b3c4d".to_owned()),
            ..own.clone()
        };
        let text = behalf.to_string();
        assert_eq!(text.parse::<Approval>().unwrap().to_string(), text);
        assert!(text.ends_with("\non behalf: 1a2b3c4d\n"));
        let person = Person {
            name: own.person.clone(),
            roles: vec!["legal".to_owned()],
            key: ada.public().line(),
            emails: Vec::new(),
            logins: Vec::new(),
        };
        let code = |approval: &Approval, by: &Signer, namespace: &str| {
            let text = approval.to_string();
            let signed = Signed {
                signature: by.sign(namespace, text.as_bytes()).unwrap(),
                text,
                person: person.name.clone(),
            };
            let checked = check(&signed, &person, &recorder.public().line(), &expect(&own));
            checked.err().map(|fault| fault.code().to_owned())
        };
        assert_eq!(code(&behalf, &recorder, sshsig::ON_BEHALF), None);
        assert_eq!(code(&own, &ada, sshsig::APPROVAL), None);
        // The recorder signs nothing that looks like the person's own hand, nor the other way round.
        for (approval, by, namespace) in [
            (&own, &recorder, sshsig::APPROVAL),
            (&own, &recorder, sshsig::ON_BEHALF),
            (&behalf, &recorder, sshsig::APPROVAL),
            (&behalf, &recorder, sshsig::CHECKPOINT),
            (&behalf, &ada, sshsig::ON_BEHALF),
            (&behalf, &ada, sshsig::APPROVAL),
        ] {
            assert!(code(approval, by, namespace).is_some(), "{namespace}");
        }
    }

    #[test]
    fn every_part_has_to_hold() {
        let dir = tempfile::tempdir().unwrap();
        let ada_key = Signer::generate(&dir.path().join("ada"), "ada").unwrap();
        let bo_key = Signer::generate(&dir.path().join("bo"), "bo").unwrap();
        let approval = approval();
        let text = approval.to_string();
        let signed = Signed {
            signature: ada_key.sign(sshsig::APPROVAL, text.as_bytes()).unwrap(),
            text,
            person: approval.person.clone(),
        };
        let person = |signer: &Signer| Person {
            name: approval.person.clone(),
            roles: vec!["legal".to_owned()],
            key: signer.public().line(),
            emails: Vec::new(),
            logins: Vec::new(),
        };
        let good = expect(&approval);
        check(&signed, &person(&ada_key), "", &good).unwrap();
        let code = |person: &Person, expected: &Expected<'_>| {
            check(&signed, person, "", expected).unwrap_err().code()
        };
        let ada = person(&ada_key);
        let (case, notice) = (CaseId::of(&["y"]), Subject::Notice(NoticeId::of(&["n"])));
        assert_eq!(
            code(
                &ada,
                &Expected {
                    case: &case,
                    ..good
                }
            ),
            "approval-differs"
        );
        assert_eq!(
            code(
                &ada,
                &Expected {
                    subject: &notice,
                    ..good
                }
            ),
            "approval-differs"
        );
        assert_eq!(
            code(
                &ada,
                &Expected {
                    binds: Digest::of(b"other"),
                    ..good
                }
            ),
            "approval-differs"
        );
        assert_eq!(
            code(
                &ada,
                &Expected {
                    decision: Decision::Deny,
                    ..good
                }
            ),
            "approval-differs"
        );
        assert_eq!(
            code(
                &ada,
                &Expected {
                    now: approval.expires,
                    ..good
                }
            ),
            "approval-expired"
        );
        let early = "2027-03-13T02:00:00Z".parse().unwrap();
        assert_eq!(
            code(&ada, &Expected { now: early, ..good }),
            "approval-time"
        );
        assert_eq!(code(&person(&bo_key), &good), "signature-key");
    }
}
